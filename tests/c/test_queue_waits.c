/* Waiting for events: by one thread or several, by a descriptor in a loop of one's own, and never in a child of the parent's. */
#include "async.h"

#include <sys/epoll.h>

#include <poll.h>

/* ---- Waiting ---- */

TEST(an_empty_queue_says_again_and_not_too_early)
{
    httpc_queue *queue = new_queue();
    httpc_event *event = (httpc_event *)queue;
    httpc_error *error = NULL;
    double start = now_ms();
    CHECK_CODE(httpc_queue_next(queue, 0, &event, &error), HTTPC_E_AGAIN);
    CHECK(event == NULL);
    clean_error(error);
    httpc_error_free(error);
    CHECK_MS(now_ms() - start, 0, 250);
    start = now_ms();
    CHECK_CODE(httpc_queue_next(queue, 60, &event, NULL), HTTPC_E_AGAIN);
    CHECK_MS(now_ms() - start, 60, 310);
    httpc_queue_free(queue);
}

TEST(an_event_ends_a_wait)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    double start = now_ms();
    submit_get(client, "/delay/50", queue, NULL);
    httpc_event *event = NULL;
    CHECK_CODE(httpc_queue_next(queue, 30000, &event, NULL), HTTPC_OK);
    CHECK_MS(now_ms() - start, 50, 1000);
    httpc_event_free(event);
    httpc_queue_free(queue);
    httpc_client_free(client);
}

struct drainer {
    pthread_t thread;
    httpc_queue *queue;
    unsigned *left;
    unsigned taken;
};

static void *drain(void *argument)
{
    struct drainer *drainer = argument;
    while (__atomic_load_n(drainer->left, __ATOMIC_SEQ_CST) > 0) {
        httpc_event *event = NULL;
        if (httpc_queue_next(drainer->queue, 20, &event, NULL) == HTTPC_OK) {
            CHECK_CODE(httpc_event_code(event), HTTPC_OK);
            CHECK_EQ(__atomic_exchange_n((char *)httpc_event_tag(event), 1, __ATOMIC_SEQ_CST), 0);
            __atomic_sub_fetch(drainer->left, 1, __ATOMIC_SEQ_CST);
            drainer->taken++;
            httpc_event_free(event);
        }
    }
    return NULL;
}

TEST(of_several_threads_that_ask_each_event_goes_to_one)
{
    enum { CALLS = 500, DRAINERS = 4 };
    static char tags[CALLS];
    unsigned left = CALLS, taken = 0;
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    struct drainer drainers[DRAINERS];
    for (int i = 0; i < DRAINERS; i++) {
        drainers[i] = (struct drainer){.queue = queue, .left = &left};
        CHECK_EQ(pthread_create(&drainers[i].thread, NULL, drain, &drainers[i]), 0);
    }
    for (int i = 0; i < CALLS; i++) {
        submit_get(client, "/status/200", queue, &tags[i]);
    }
    for (int i = 0; i < DRAINERS; i++) {
        pthread_join(drainers[i].thread, NULL);
        taken += drainers[i].taken;
    }
    CHECK_EQ(taken, CALLS);
    CHECK_EQ(httpc_queue_length(queue), 0);
    httpc_queue_free(queue);
    httpc_client_free(client);
}

static void *wait_for_ever(void *queue)
{
    httpc_event *event = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_queue_next(queue, HTTPC_FOREVER, &event, &error), HTTPC_E_CLOSED);
    CHECK(event == NULL);
    clean_error(error);
    httpc_error_free(error);
    return NULL;
}

TEST(freeing_ends_the_waits)
{
    pthread_t threads[3];
    httpc_queue *queue = new_queue();
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, wait_for_ever, queue), 0);
    }
    /* They must be inside, which nothing shows. */
    wait_until_ms(now_ms() + 100);
    httpc_queue_free(queue);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* ---- The descriptor ---- */

static bool is_readable(int fd, int wait_ms)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    int ready = poll(&pollfd, 1, wait_ms);
    CHECK(ready >= 0 && (pollfd.revents & ~POLLIN) == 0);
    return ready == 1;
}

TEST(the_descriptor_is_readable_exactly_while_events_wait)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    int fd = httpc_queue_fd(queue);
    CHECK(fd >= 0);
    CHECK_EQ(httpc_queue_fd(queue), fd);
    for (int round = 0; round < 3; round++) {
        CHECK(!is_readable(fd, 0));
        submit_and_wait_for_all(client, "/echo", queue, 3);
        for (int left = 3; left > 0; left--) {
            CHECK(is_readable(fd, 0));
            CHECK(is_readable(fd, 0));
            httpc_event_free(next_event(queue));
        }
    }
    CHECK(!is_readable(fd, 0));
    httpc_queue_free(queue);
    httpc_client_free(client);
}

TEST(what_came_before_anybody_asked_for_the_descriptor_shows_on_it)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    submit_and_wait_for_all(client, "/echo", queue, 2);
    int fd = httpc_queue_fd(queue);
    CHECK(is_readable(fd, 0));
    httpc_event *events[2];
    size_t count = 0;
    CHECK_CODE(httpc_queue_next_batch(queue, 0, events, 2, &count, NULL), HTTPC_OK);
    CHECK_EQ(count, 2);
    CHECK(!is_readable(fd, 0));
    httpc_event_free(events[0]);
    httpc_event_free(events[1]);
    httpc_queue_free(queue);
    httpc_client_free(client);
}

TEST(the_descriptor_wakes_a_loop_that_sleeps)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    int fd = httpc_queue_fd(queue);
    submit_get(client, "/delay/50", queue, NULL);
    CHECK(is_readable(fd, 10000));
    CHECK_EQ(httpc_queue_length(queue), 1);
    httpc_event_free(next_event(queue));
    httpc_queue_free(queue);
    httpc_client_free(client);
}

/* Threads that take events while others arrive: never a silent descriptor with events behind it. */
TEST(the_descriptor_never_hides_an_event)
{
    enum { CALLS = 300 };
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    int fd = httpc_queue_fd(queue);
    for (int i = 0; i < CALLS; i++) {
        submit_get(client, "/status/200", queue, NULL);
    }
    for (unsigned taken = 0; taken < CALLS;) {
        if (!CHECK(is_readable(fd, 10000))) {
            break;
        }
        httpc_event *event = NULL;
        while (httpc_queue_next(queue, 0, &event, NULL) == HTTPC_OK) {
            taken++;
            httpc_event_free(event);
        }
    }
    CHECK(!is_readable(fd, 0));
    httpc_queue_free(queue);
    httpc_client_free(client);
}

/* ---- fork() ---- */

#if !UNDER_TSAN

struct inheritance {
    httpc_client *client;
    httpc_queue *queue;
    httpc_call *call;
};

static int use_the_parents_queue(void *argument)
{
    struct inheritance *parent = argument;
    httpc_event *event = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_queue_next(parent->queue, 0, &event, &error), HTTPC_E_FORKED);
    CHECK_HAS(httpc_error_detail(error), "before fork()");
    httpc_error_free(error);
    CHECK_CODE(httpc_call_wait(parent->call, HTTPC_FOREVER, NULL), HTTPC_E_FORKED);
    httpc_call_cancel(parent->call);
    httpc_call_free(parent->call);
    httpc_queue_free(parent->queue);
    httpc_client_free(parent->client);

    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    submit_get(client, "/echo", queue, NULL);
    event = next_event(queue);
    CHECK_CODE(httpc_event_code(event), HTTPC_OK);
    httpc_event_free(event);
    httpc_queue_free(queue);
    httpc_client_free(client);
    return check_failures;
}

TEST(an_edge_triggered_watcher_that_takes_all_misses_nothing)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event watched = {.events = EPOLLIN | EPOLLET}, seen;
    CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, httpc_queue_fd(queue), &watched), 0);
    for (int left = 0, round = 0; round < 100; round++) {
        for (; left < 4; left++) {
            submit_get(client, "/status/200", queue, NULL);
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

TEST(a_child_is_refused_the_parents_queue_and_has_its_own)
{
    const char *key = new_key();
    struct inheritance parent = {new_client(NULL), new_queue(), NULL};
    int fd = httpc_queue_fd(parent.queue);
    parent.call = submit_to(parent.client, new_request("GET", text("/gate?key=%s", key)), parent.queue);
    CHECK_COMES_TRUE(server_count(key) == 1);
    CHECK_EQ(in_child(use_the_parents_queue, &parent), 0);
    CHECK(!is_readable(fd, 0));
    open_gate(key, 0);
    CHECK(is_readable(fd, 10000));
    httpc_event *event = next_event(parent.queue);
    CHECK_CODE(httpc_event_code(event), HTTPC_OK);
    httpc_event_free(event);
    httpc_call_free(parent.call);
    httpc_queue_free(parent.queue);
    httpc_client_free(parent.client);
}

#endif
