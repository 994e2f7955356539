/* Completion queues: each outcome arrives once, with its tag, in the order in which the calls ended, for whoever asks. */
#include "async.h"

/* ---- Events ---- */

TEST(an_event_brings_the_response_and_the_tag)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    int tag = 0;
    submit_get(client, "/echo", queue, &tag);
    httpc_event *event = next_event(queue);
    CHECK(httpc_event_tag(event) == &tag);
    CHECK_CODE(httpc_event_code(event), HTTPC_OK);
    CHECK(httpc_event_error(event) == NULL);
    CHECK(httpc_event_take_error(event) == NULL);
    CHECK_EQ(httpc_response_status(httpc_event_response(event)), 200);
    CHECK_STR(httpc_response_json_string(httpc_event_response(event), "/path", NULL), "/echo");
    httpc_event_free(event);
    httpc_queue_free(queue);
    httpc_client_free(client);
}

TEST(an_event_brings_the_error)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    submit_get(client, "/status/404?body=gone", queue, NULL);
    httpc_event *event = next_event(queue);
    CHECK(httpc_event_tag(event) == NULL);
    CHECK_CODE(httpc_event_code(event), HTTPC_E_STATUS);
    CHECK(httpc_event_response(event) == NULL);
    CHECK(httpc_event_take_response(event) == NULL);
    CHECK_EQ(httpc_error_status(httpc_event_error(event)), 404);
    clean_error(httpc_event_error(event));
    httpc_event_free(event);
    httpc_queue_free(queue);
    httpc_client_free(client);
}

TEST(what_is_taken_outlives_the_event_and_is_taken_once)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    submit_get(client, "/echo", queue, NULL);
    httpc_event *event = next_event(queue);
    httpc_response *response = httpc_event_take_response(event);
    CHECK(httpc_event_take_response(event) == NULL);
    CHECK(httpc_event_response(event) == NULL);
    httpc_event_free(event);
    submit_get(client, "/status/404", queue, NULL);
    event = next_event(queue);
    httpc_error *error = httpc_event_take_error(event);
    CHECK(httpc_event_take_error(event) == NULL);
    CHECK(httpc_event_error(event) == NULL);
    CHECK_CODE(httpc_event_code(event), HTTPC_E_STATUS);
    httpc_event_free(event);
    httpc_queue_free(queue);
    httpc_client_free(client);
    CHECK_EQ(httpc_response_status(response), 200);
    CHECK_EQ(httpc_error_status(error), 404);
    httpc_response_free(response);
    httpc_error_free(error);
}

TEST(every_end_of_a_call_is_an_event)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    httpc_request *request = new_request("GET", "/delay/30000");
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 50);
    httpc_call_free(submit_to(client, request, queue));
    httpc_event *event = next_event(queue);
    CHECK_CODE(httpc_event_code(event), HTTPC_E_TIMEOUT_TOTAL);
    httpc_event_free(event);

    httpc_call *call = submit_to(client, new_request("GET", "/delay/30000"), queue);
    CHECK(!httpc_call_is_over(call));
    httpc_call_cancel(call);
    event = next_event(queue);
    CHECK_CODE(httpc_event_code(event), HTTPC_E_CANCELLED);
    httpc_event_free(event);
    CHECK_CODE(httpc_call_wait(call, HTTPC_FOREVER, NULL), HTTPC_OK);
    httpc_response *response = NULL;
    CHECK_CODE(httpc_call_take_result(call, &response, NULL), HTTPC_E_INVALID_ARG);
    httpc_call_free(call);

    submit_get(client, "/delay/30000", queue, NULL);
    httpc_client_free(client);
    CHECK_EQ(httpc_queue_length(queue), 1);
    event = next_event(queue);
    CHECK_CODE(httpc_event_code(event), HTTPC_E_CLOSED);
    httpc_event_free(event);
    httpc_queue_free(queue);
}

TEST(a_call_is_over_when_its_event_is_there)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    httpc_call *call = submit_to(client, new_request("GET", "/echo"), queue);
    CHECK_CODE(httpc_call_wait(call, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_EQ(httpc_queue_length(queue), 1);
    httpc_call_free(call);
    httpc_queue_free(queue);
    httpc_client_free(client);
}

/* ---- Order ---- */

TEST(events_come_in_the_order_in_which_calls_ended)
{
    enum { CALLS = 20 };
    static const char tags[CALLS];
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    const char *keys[CALLS];
    for (int i = 0; i < CALLS; i++) {
        keys[i] = new_key();
        submit_get(client, text("/gate?key=%s", keys[i]), queue, &tags[i]);
    }
    /* Not the order in which they began. */
    for (int i = 0; i < CALLS; i++) {
        open_gate(keys[i * 7 % CALLS], 0);
        CHECK_COMES_TRUE(httpc_queue_length(queue) == (size_t)i + 1);
    }
    for (int i = 0; i < CALLS; i++) {
        httpc_event *event = next_event(queue);
        CHECK(httpc_event_tag(event) == &tags[i * 7 % CALLS]);
        httpc_event_free(event);
    }
    httpc_queue_free(queue);
    httpc_client_free(client);
}

TEST(one_queue_serves_many_clients)
{
    enum { CLIENTS = 4, CALLS = 25 };
    static char tags[CLIENTS];
    unsigned seen[CLIENTS] = {0};
    httpc_client *clients[CLIENTS];
    httpc_queue *queue = new_queue();
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = new_client(NULL);
        for (int c = 0; c < CALLS; c++) {
            submit_get(clients[i], "/echo", queue, &tags[i]);
        }
    }
    for (int i = 0; i < CLIENTS * CALLS; i++) {
        httpc_event *event = next_event(queue);
        CHECK_CODE(httpc_event_code(event), HTTPC_OK);
        seen[(char *)httpc_event_tag(event) - tags]++;
        httpc_event_free(event);
    }
    for (int i = 0; i < CLIENTS; i++) {
        CHECK_EQ(seen[i], CALLS);
        httpc_client_free(clients[i]);
    }
    CHECK_EQ(httpc_queue_length(queue), 0);
    httpc_queue_free(queue);
}

/* ---- Batches ---- */

TEST(a_batch_takes_what_is_there_up_to_its_size)
{
    enum { CALLS = 10 };
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    submit_and_wait_for_all(client, "/echo", queue, CALLS);
    httpc_event *events[CALLS];
    static const size_t wanted[][3] = {{4, 4, 6}, {4, 4, 2}, {CALLS, 2, 0}};
    for (int i = 0; i < 3; i++) {
        size_t count = 99;
        CHECK_CODE(httpc_queue_next_batch(queue, HTTPC_FOREVER, events, wanted[i][0], &count, NULL), HTTPC_OK);
        CHECK_EQ(count, wanted[i][1]);
        CHECK_EQ(httpc_queue_length(queue), wanted[i][2]);
        for (size_t e = 0; e < count; e++) {
            CHECK_CODE(httpc_event_code(events[e]), HTTPC_OK);
            httpc_event_free(events[e]);
        }
    }
    size_t count = 99;
    CHECK_CODE(httpc_queue_next_batch(queue, 0, events, CALLS, &count, NULL), HTTPC_E_AGAIN);
    CHECK_EQ(count, 0);
    httpc_queue_free(queue);
    httpc_client_free(client);
}

/* ---- The end of a queue ---- */

TEST(a_freed_queue_lives_on_until_its_calls_have_ended)
{
    enum { CALLS = 10 };
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    httpc_queue *queue = new_queue();
    httpc_call *calls[CALLS];
    submit_and_wait_for_all(client, "/echo", queue, 3);
    for (int i = 0; i < CALLS; i++) {
        calls[i] = submit_to(client, new_request("GET", text("/gate?key=%s", key)), queue);
    }
    httpc_queue_free(queue);
    CHECK_COMES_TRUE(server_count(key) == CALLS);
    open_gate(key, 0);
    for (int i = 0; i < CALLS; i++) {
        CHECK_CODE(httpc_call_wait(calls[i], HTTPC_FOREVER, NULL), HTTPC_OK);
        httpc_call_free(calls[i]);
    }
    httpc_client_free(client);
}

TEST(a_queue_outlives_its_clients)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    submit_and_wait_for_all(client, "/echo", queue, 1);
    httpc_client_free(client);
    httpc_event *event = next_event(queue);
    httpc_queue_free(queue);
    CHECK_EQ(httpc_response_status(httpc_event_response(event)), 200);
    httpc_event_free(event);
}

/* ---- Wrong use ---- */

TEST(what_is_wrong_with_a_submission_brings_no_event)
{
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = new_queue();
    httpc_request *request = new_request("GET", "ftp://example.com/");
    httpc_call *call = (httpc_call *)queue;
    CHECK_CODE(httpc_submit_to(client, request, queue, NULL, &call, NULL), HTTPC_E_URL);
    CHECK(call == NULL);
    httpc_request_free(request);
    request = new_request("GET", "/echo");
    CHECK_CODE(httpc_submit_to(client, request, NULL, NULL, &call, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_submit_to(NULL, request, queue, NULL, &call, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_submit_to(client, NULL, queue, NULL, &call, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_CODE(httpc_submit_to(client, request, queue, NULL, &call, NULL), HTTPC_E_CLOSED);
    httpc_request_free(request);
    httpc_client_free(client);
    CHECK_EQ(httpc_queue_length(queue), 0);
    httpc_queue_free(queue);
}

TEST(nulls_are_harmless)
{
    httpc_queue *queue = new_queue();
    httpc_event *event = NULL;
    size_t count = 99;
    CHECK_CODE(httpc_queue_new(NULL, NULL), HTTPC_E_INVALID_ARG);
    CHECK_EQ(httpc_queue_fd(NULL), -1);
    CHECK_EQ(httpc_queue_length(NULL), 0);
    CHECK_CODE(httpc_queue_next(NULL, 0, &event, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_queue_next(queue, 0, NULL, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_queue_next_batch(NULL, 0, &event, 1, &count, NULL), HTTPC_E_INVALID_ARG);
    CHECK_EQ(count, 0);
    CHECK_CODE(httpc_queue_next_batch(queue, 0, NULL, 1, &count, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_queue_next_batch(queue, 0, &event, 0, &count, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_queue_next_batch(queue, 0, &event, 1, NULL, NULL), HTTPC_E_INVALID_ARG);
    CHECK(httpc_event_tag(NULL) == NULL);
    CHECK_CODE(httpc_event_code(NULL), HTTPC_OK);
    CHECK(httpc_event_response(NULL) == NULL);
    CHECK(httpc_event_error(NULL) == NULL);
    CHECK(httpc_event_take_response(NULL) == NULL);
    CHECK(httpc_event_take_error(NULL) == NULL);
    httpc_event_free(NULL);
    httpc_queue_free(NULL);
    httpc_queue_free(queue);
}
