/* Completion queues: events in the order of the calls' ends, a descriptor for loops of one's own, and their end. */
#include "async.h"

#include <poll.h>
#if defined(__linux__)
#include <sys/epoll.h>
#endif

static httpc_queue *new_queue(void)
{
    httpc_queue *queue = NULL;
    CHECK_CODE(httpc_queue_new(&queue, NULL), HTTPC_OK);
    return queue;
}

/* Takes the request. */
static void submit_to(httpc_client *client, httpc_request *request, httpc_queue *queue, void *tag)
{
    CHECK_CODE(httpc_submit_to(client, request, queue, tag, NULL, NULL), HTTPC_OK);
    httpc_request_free(request);
}

static httpc_event *next(httpc_queue *queue)
{
    httpc_event *event = NULL;
    CHECK_CODE(httpc_queue_next(queue, HTTPC_FOREVER, &event, NULL), HTTPC_OK);
    return event;
}

static bool is_readable(int descriptor, int wait_ms)
{
    struct pollfd polled = {descriptor, POLLIN, 0};
    return poll(&polled, 1, wait_ms) == 1 && polled.revents == POLLIN;
}

TEST(an_event_carries_tag_and_outcome)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    int good, bad;
    submit_to(client, new_request("GET", "/echo"), queue, &good);
    httpc_event *event = next(queue);
    CHECK(httpc_event_tag(event) == &good);
    CHECK_CODE(httpc_event_code(event), HTTPC_OK);
    CHECK_EQ(httpc_response_status(httpc_event_response(event)), 200);
    CHECK(httpc_event_error(event) == NULL);
    CHECK(httpc_event_take_error(event) == NULL);
    httpc_response *taken = httpc_event_take_response(event);
    CHECK(httpc_event_response(event) == NULL);
    CHECK(httpc_event_take_response(event) == NULL);
    httpc_event_free(event);
    CHECK_EQ(httpc_response_status(taken), 200);
    httpc_response_free(taken);

    submit_to(client, new_request("GET", "/status/404"), queue, &bad);
    event = next(queue);
    CHECK(httpc_event_tag(event) == &bad);
    CHECK_CODE(httpc_event_code(event), HTTPC_E_STATUS);
    CHECK(httpc_event_response(event) == NULL);
    httpc_error *error = httpc_event_take_error(event);
    CHECK_EQ(httpc_error_status(error), 404);
    CHECK(httpc_event_take_error(event) == NULL);
    httpc_event_free(event);
    httpc_error_free(error);
    httpc_queue_free(queue);
    httpc_client_free(client);
}

TEST(events_come_in_the_order_in_which_the_calls_ended)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    const char *keys[3];
    for (int i = 0; i < 3; i++) {
        keys[i] = new_key();
        submit_to(client, new_request("GET", text("/gate?key=%s", keys[i])), queue, &keys[i]);
    }
    for (unsigned i = 3; i-- > 0;) {
        open_gate(keys[i], 0);
        CHECK_COMES_TRUE(httpc_queue_length(queue) == 3 - i);
    }
    for (int i = 3; i-- > 0;) {
        httpc_event *event = next(queue);
        CHECK(httpc_event_tag(event) == &keys[i]);
        httpc_event_free(event);
    }
    httpc_queue_free(queue);
    httpc_client_free(client);
}

TEST(a_batch_takes_what_is_there_and_no_more_than_there_is_room_for)
{
    enum { CALLS = 10, MOST = 4 };
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    httpc_event *events[MOST];
    size_t count = 9, sizes[] = {4, 4, 2};
    for (int i = 0; i < CALLS; i++) {
        submit_to(client, new_request("GET", "/echo"), queue, NULL);
    }
    CHECK_COMES_TRUE(httpc_queue_length(queue) == CALLS);
    for (int i = 0; i < 3; i++) {
        CHECK_CODE(httpc_queue_next_batch(queue, HTTPC_FOREVER, events, MOST, &count, NULL), HTTPC_OK);
        CHECK_EQ(count, sizes[i]);
        for (size_t at = 0; at < count; at++) {
            httpc_event_free(events[at]);
        }
    }
    CHECK_CODE(httpc_queue_next_batch(queue, 0, events, MOST, &count, NULL), HTTPC_E_AGAIN);
    CHECK_EQ(count, 0);
    CHECK_CODE(httpc_queue_next_batch(queue, 0, events, 0, &count, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_queue_next_batch(queue, 0, NULL, MOST, &count, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_queue_next_batch(queue, 0, events, MOST, NULL, NULL), HTTPC_E_INVALID_ARG);
    httpc_queue_free(queue);
    httpc_client_free(client);
}

TEST(an_empty_queue_is_waited_for_as_long_as_was_said)
{
    httpc_queue *queue = new_queue();
    httpc_event *event = NULL;
    double start = now_ms();
    CHECK_CODE(httpc_queue_next(queue, 0, &event, NULL), HTTPC_E_AGAIN);
    CHECK_BETWEEN(now_ms() - start, 0, 250);
    start = now_ms();
    CHECK_CODE(httpc_queue_next(queue, 50, &event, NULL), HTTPC_E_AGAIN);
    CHECK_BETWEEN(now_ms() - start, 50, 300);
    CHECK(event == NULL);
    httpc_queue_free(queue);
}

/* ---- The descriptor ---- */

TEST(the_descriptor_is_readable_while_events_wait)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    int descriptor = httpc_queue_fd(queue);
    CHECK_EQ(httpc_queue_fd(queue), descriptor);
    for (int round = 0; round < 3; round++) {
        CHECK(!is_readable(descriptor, 0));
        submit_to(client, new_request("GET", "/echo"), queue, NULL);
        submit_to(client, new_request("GET", "/echo"), queue, NULL);
        CHECK(is_readable(descriptor, 10000));
        CHECK(is_readable(descriptor, 0));
        CHECK_COMES_TRUE(httpc_queue_length(queue) == 2);
        httpc_event_free(next(queue));
        CHECK(is_readable(descriptor, 0));
        httpc_event_free(next(queue));
    }
    CHECK(!is_readable(descriptor, 0));
    httpc_queue_free(queue);
    httpc_client_free(client);
}

TEST(a_descriptor_that_is_asked_for_late_tells_of_what_waits_already)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    submit_to(client, new_request("GET", "/echo"), queue, NULL);
    CHECK_COMES_TRUE(httpc_queue_length(queue) == 1);
    CHECK(is_readable(httpc_queue_fd(queue), 0));
    httpc_queue_free(queue);
    httpc_client_free(client);
}

#if defined(__linux__)
TEST(an_edge_triggered_watcher_that_takes_all_misses_nothing)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event watched = {.events = EPOLLIN | EPOLLET}, seen;
    CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, httpc_queue_fd(queue), &watched), 0);
    for (int left = 0, round = 0; round < 100; round++) {
        for (; left < 4; left++) {
            submit_to(client, new_request("GET", "/status/200"), queue, NULL);
        }
        if (!CHECK_EQ(epoll_wait(epoll, &seen, 1, 10000), 1)) {
            break;
        }
        httpc_event *event = NULL;
        while (httpc_queue_next(queue, 0, &event, NULL) == HTTPC_OK) {
            httpc_event_free(event);
            left--;
        }
    }
    close(epoll);
    httpc_client_free(client);
    httpc_queue_free(queue);
}
#endif

/* ---- Many ---- */

TEST(one_queue_serves_several_clients)
{
    httpc_client *clients[] = {new_client(NULL), new_client(NULL)};
    httpc_queue *queue = new_queue();
    submit_to(clients[0], new_request("GET", "/echo"), queue, &clients[0]);
    submit_to(clients[1], new_request("GET", "/echo"), queue, &clients[1]);
    httpc_event *events[] = {next(queue), next(queue)};
    CHECK(httpc_event_tag(events[0]) != httpc_event_tag(events[1]));
    for (int i = 0; i < 2; i++) {
        CHECK_CODE(httpc_event_code(events[i]), HTTPC_OK);
        httpc_event_free(events[i]);
        httpc_client_free(clients[i]);
    }
    httpc_queue_free(queue);
}

enum { READERS = 4, CALLS = 400 };

struct readers {
    httpc_queue *queue;
    unsigned char seen[CALLS];
};

static void *read_until_null(void *argument)
{
    struct readers *readers = argument;
    for (;;) {
        httpc_event *event = next(readers->queue);
        unsigned char *seen = httpc_event_tag(event);
        httpc_event_free(event);
        if (seen == NULL) {
            return NULL;
        }
        __atomic_add_fetch(seen, 1, __ATOMIC_RELAXED);
    }
}

TEST(each_event_goes_to_one_of_several_threads)
{
    struct readers readers = {.queue = new_queue()};
    httpc_client *client = new_client(NULL);
    pthread_t threads[READERS];
    for (int i = 0; i < READERS; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, read_until_null, &readers), 0);
    }
    for (int i = 0; i < CALLS; i++) {
        submit_to(client, new_request("GET", "/status/200"), readers.queue, &readers.seen[i]);
    }
    CHECK_CODE(httpc_client_close(client, 0, NULL), HTTPC_E_AGAIN);
    httpc_client *last = new_client(NULL);
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    for (int i = 0; i < READERS; i++) {
        submit_to(last, new_request("GET", "/status/200"), readers.queue, NULL);
    }
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < CALLS; i++) {
        CHECK_EQ(readers.seen[i], 1);
    }
    httpc_client_free(client);
    httpc_client_free(last);
    httpc_queue_free(readers.queue);
}

/* ---- The end ---- */

TEST(a_freed_queue_discards_its_events_and_its_calls_go_on)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    const char *key = new_key();
    httpc_request *request = new_request("GET", text("/gate?key=%s", key));
    httpc_call *call = NULL;
    submit_to(client, new_request("GET", "/echo"), queue, NULL);
    CHECK_COMES_TRUE(httpc_queue_length(queue) == 1);
    CHECK_CODE(httpc_submit_to(client, request, queue, NULL, &call, NULL), HTTPC_OK);
    httpc_request_free(request);
    httpc_queue_free(queue);
    CHECK(!httpc_call_is_over(call));
    open_gate(key, 0);
    CHECK_CODE(httpc_call_wait(call, HTTPC_FOREVER, NULL), HTTPC_OK);
    httpc_call_free(call);
    httpc_client_free(client);
}

static void *wait_for_ever(void *queue)
{
    httpc_event *event = NULL;
    httpc_error *error = NULL;
    httpc_code code = httpc_queue_next(queue, HTTPC_FOREVER, &event, &error);
    CHECK_CODE(code, HTTPC_E_CLOSED);
    CHECK(event == NULL);
    clean_error(error);
    httpc_error_free(error);
    return NULL;
}

TEST(freeing_a_queue_ends_the_waits_for_it)
{
    httpc_queue *queue = new_queue();
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, wait_for_ever, queue), 0);
    }
    wait_until_ms(now_ms() + 100); /* they have no sign of being inside */
    httpc_queue_free(queue);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
}

TEST(nulls_are_harmless)
{
    httpc_event *event = NULL;
    httpc_queue_free(NULL);
    httpc_event_free(NULL);
    CHECK_EQ(httpc_queue_fd(NULL), -1);
    CHECK_EQ(httpc_queue_length(NULL), 0);
    CHECK_CODE(httpc_queue_new(NULL, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_queue_next(NULL, 0, &event, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_event_code(NULL), HTTPC_OK);
    CHECK(httpc_event_tag(NULL) == NULL);
    CHECK(httpc_event_response(NULL) == NULL && httpc_event_error(NULL) == NULL);
    CHECK(httpc_event_take_response(NULL) == NULL && httpc_event_take_error(NULL) == NULL);
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("GET", "/echo");
    CHECK_CODE(httpc_submit_to(client, request, NULL, NULL, NULL, NULL), HTTPC_E_INVALID_ARG);
    httpc_request_free(request);
    httpc_client_free(client);
}
