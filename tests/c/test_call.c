/* Asynchronous calls: exactly one outcome, to one receiver, whatever happens. */
#include "async.h"

TEST(a_result_is_taken_once)
{
    httpc_client *client = new_client(NULL);
    httpc_call *call = submit(client, new_request("GET", "/echo"), NULL, NULL);
    CHECK_CODE(httpc_call_wait(call, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK(httpc_call_is_over(call));
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_call_take_result(call, &response, NULL), HTTPC_OK);
    CHECK_EQ(httpc_response_status(response), 200);
    CHECK_STR(httpc_response_json_string(response, "/method", NULL), "GET");
    httpc_response_free(response);
    CHECK_CODE(httpc_call_take_result(call, &response, &error), HTTPC_E_INVALID_ARG);
    CHECK(response == NULL);
    CHECK_HAS(httpc_error_detail(error), "taken already");
    httpc_error_free(error);
    httpc_call_free(call);
    httpc_client_free(client);
}

TEST(a_function_gets_the_outcome_once_on_another_thread)
{
    httpc_client *client = new_client(NULL);
    struct completion c = COMPLETION;
    httpc_call *call = submit(client, new_request("GET", "/status/404?body=gone"), completed, &c);
    await_completion(&c);
    CHECK_CODE(httpc_call_wait(call, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK(!pthread_equal(c.thread, pthread_self()));
    CHECK_CODE(c.outcome.code, HTTPC_E_STATUS);
    CHECK(c.outcome.response == NULL);
    CHECK_EQ(httpc_error_status(c.outcome.error), 404);
    clean_error(c.outcome.error);
    httpc_response *response = NULL;
    CHECK_CODE(httpc_call_take_result(call, &response, NULL), HTTPC_E_INVALID_ARG);
    httpc_call_free(call);
    httpc_client_free(client);
    CHECK_EQ(c.count, 1);
    done(&c.outcome);
}

TEST(a_call_that_runs_has_no_result_yet)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    httpc_call *call = submit(client, new_request("GET", text("/gate?key=%s", key)), NULL, NULL);
    httpc_response *response = NULL;
    CHECK(!httpc_call_is_over(call));
    CHECK_CODE(httpc_call_wait(call, 0, NULL), HTTPC_E_AGAIN);
    CHECK_CODE(httpc_call_wait(call, 20, NULL), HTTPC_E_AGAIN);
    CHECK_CODE(httpc_call_take_result(call, &response, NULL), HTTPC_E_AGAIN);
    open_gate(key, 0);
    struct outcome o = result_of(call);
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    httpc_client_free(client);
}

TEST(a_freed_call_goes_on)
{
    httpc_client *client = new_client(NULL);
    struct completion c = COMPLETION;
    const char *key = new_key();
    httpc_call_free(submit(client, new_request("GET", text("/gate?key=%s", key)), completed, &c));
    open_gate(key, 0);
    await_completion(&c);
    CHECK_CODE(c.outcome.code, HTTPC_OK);
    done(&c.outcome);
    httpc_client_free(client);
}

TEST(the_request_may_be_changed_and_freed_at_once)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("POST", "/echo");
    httpc_call *calls[3];
    for (int i = 0; i < 3; i++) {
        CHECK_CODE(httpc_request_set_body(request, "text/plain", text("body %d", i), 6), HTTPC_OK);
        CHECK_CODE(httpc_submit(client, request, NULL, NULL, &calls[i], NULL), HTTPC_OK);
    }
    httpc_request_free(request);
    for (int i = 0; i < 3; i++) {
        struct outcome o = result_of(calls[i]);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_STR(httpc_response_json_string(o.response, "/body", NULL), text("body %d", i));
        done(&o);
    }
    httpc_client_free(client);
}

TEST(calls_run_at_the_same_time)
{
    enum { CALLS = 200 };
    httpc_config *config = new_config();
    httpc_config_set_max_connections(config, CALLS);
    httpc_config_set_max_connections_per_host(config, CALLS);
    httpc_client *client = new_client(config);
    const char *key = new_key();
    httpc_call *calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        calls[i] = submit(client, new_request("GET", text("/gate?key=%s", key)), NULL, NULL);
    }
    while (server_count(key) < CALLS) {
        wait_until_ms(now_ms() + 5);
    }
    CHECK_POOL(client, CALLS, 0, 0, CALLS, 0);
    open_gate(key, 0);
    for (int i = 0; i < CALLS; i++) {
        CHECK_CODE(code_of(result_of(calls[i])), HTTPC_OK);
    }
    httpc_client_free(client);
}

TEST(what_is_wrong_with_a_request_is_told_at_once)
{
    httpc_client *client = new_client(NULL);
    struct completion c = COMPLETION;
    httpc_request *request = new_request("GET", "ftp://example.com/");
    httpc_call *call = (httpc_call *)&c;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_submit(client, request, completed, &c, &call, &error), HTTPC_E_URL);
    CHECK(call == NULL);
    CHECK_HAS(httpc_error_detail(error), "url");
    httpc_error_free(error);
    httpc_request_free(request);

    request = new_request("GET", "/echo");
    httpc_request_set_header(request, "X-Bad", "a\nb");
    CHECK_CODE(httpc_submit(client, request, completed, &c, &call, &error), HTTPC_E_INVALID_ARG);
    CHECK(call == NULL);
    httpc_error_free(error);
    httpc_request_free(request);

    CHECK_CODE(httpc_submit(client, NULL, completed, &c, &call, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_submit(NULL, NULL, completed, &c, NULL, NULL), HTTPC_E_INVALID_ARG);
    httpc_client_free(client);
    CHECK_EQ(c.count, 0);
}

TEST(retries_redirects_and_timeouts_are_those_of_blocking_calls)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = submit_and_wait(client, new_request("GET", text("/sequence/503,503,200?key=%s", new_key())));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 3);
    done(&o);

    o = submit_and_wait(client, new_request("GET", "/redirect/302?to=/echo"));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_json_string(o.response, "/path", NULL), "/echo");
    done(&o);

    httpc_request *request = new_request("GET", "/delay/30000");
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 100);
    o = submit_and_wait(client, request);
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_TOTAL);
    CHECK_MS(o.ms, 100, 350);
    clean_error(o.error);
    done(&o);

    o = submit_and_wait(client, new_request("GET", address("REFUSED")));
    CHECK_CODE(o.code, HTTPC_E_CONNECT);
    CHECK_EQ(attempts(&o), 3);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    done(&o);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    httpc_client_free(client);
}

TEST(a_cancelled_call_ends_at_once)
{
    static const char *const waits[] = {"/delay/30000", "/stall-body", "/trickle?bytes=100000&interval=10",
                                        "/slow-head?interval=200", "/endless"};
    httpc_config *config = new_config();
    httpc_config_set_max_body(config, UINT64_C(1) << 40);
    httpc_client *client = new_client(config);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        httpc_call *call = submit(client, new_request("GET", waits[i]), NULL, NULL);
        wait_until_ms(now_ms() + 30);
        double start = now_ms();
        httpc_call_cancel(call);
        httpc_call_cancel(call);
        struct outcome o = result_of(call);
        CHECK_MS(now_ms() - start, 0, 250);
        CHECK_CODE(o.code, HTTPC_E_CANCELLED);
        CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_CANCELLED);
        clean_error(o.error);
        done(&o);
        CHECK_CODE(code_of(submit_and_wait(client, new_request("GET", "/echo"))), HTTPC_OK);
    }
    httpc_client_free(client);
}

TEST(a_token_ends_all_calls_that_hold_it)
{
    enum { CALLS = 20 };
    httpc_client *client = new_client(NULL);
    httpc_cancel_token *token = NULL;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    httpc_call *calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        httpc_request *request = new_request("GET", "/delay/30000");
        httpc_request_set_cancel_token(request, token);
        calls[i] = submit(client, request, NULL, NULL);
    }
    httpc_call *other = submit(client, new_request("GET", "/echo"), NULL, NULL);
    httpc_cancel_token_cancel(token);
    for (int i = 0; i < CALLS; i++) {
        CHECK_CODE(code_of(result_of(calls[i])), HTTPC_E_CANCELLED);
    }
    CHECK_CODE(code_of(result_of(other)), HTTPC_OK);
    httpc_request *request = new_request("GET", "/echo");
    httpc_request_set_cancel_token(request, token);
    CHECK_CODE(code_of(submit_and_wait(client, request)), HTTPC_E_CANCELLED);
    httpc_cancel_token_free(token);
    httpc_client_free(client);
}

TEST(closing_ends_running_calls_and_waits_for_their_completions)
{
    enum { CALLS = 20 };
    httpc_client *client = new_client(NULL);
    struct completion c = COMPLETION;
    for (int i = 0; i < CALLS; i++) {
        httpc_call_free(submit(client, new_request("GET", "/delay/30000"), completed, &c));
    }
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_EQ(c.count, CALLS);
    CHECK_CODE(c.outcome.code, HTTPC_E_CLOSED);
    httpc_request *request = new_request("GET", "/echo");
    CHECK_CODE(httpc_submit(client, request, completed, &c, NULL, NULL), HTTPC_E_CLOSED);
    httpc_request_free(request);
    CHECK_EQ(c.count, CALLS);
    httpc_client_free(client);
    done(&c.outcome);
}

TEST(freeing_the_client_ends_its_calls_which_stay_usable)
{
    httpc_client *client = new_client(NULL);
    httpc_call *call = submit(client, new_request("GET", "/delay/30000"), NULL, NULL);
    httpc_client_free(client);
    CHECK(httpc_call_is_over(call));
    httpc_call_cancel(call);
    struct outcome o = result_of(call);
    CHECK_CODE(o.code, HTTPC_E_CLOSED);
    done(&o);
}

/* A completion of one engine thread frees the client, another's waits for that. */
struct meeting {
    httpc_client *client;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned inside, outside;
};

static void meet(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct meeting *meeting = userdata;
    httpc_client *to_free = NULL;
    CHECK_CODE(code, HTTPC_OK);
    httpc_response_free(response);
    httpc_error_free(error);
    pthread_mutex_lock(&meeting->lock);
    if (++meeting->inside == 2) {
        to_free = meeting->client;
        meeting->client = NULL;
    }
    pthread_mutex_unlock(&meeting->lock);
    httpc_client_free(to_free);
    pthread_mutex_lock(&meeting->lock);
    meeting->outside += to_free != NULL;
    while (meeting->outside == 0) {
        pthread_cond_wait(&meeting->changed, &meeting->lock);
    }
    meeting->outside++;
    pthread_cond_broadcast(&meeting->changed);
    pthread_mutex_unlock(&meeting->lock);
}

TEST(freeing_the_client_in_a_completion_waits_for_no_other)
{
    struct meeting meeting = {NULL, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    httpc_config *config = new_config();
    httpc_config_set_engine_threads(config, 2);
    unsigned threads = running_threads();
    meeting.client = new_client(config);
    for (int i = 0; i < 2; i++) {
        httpc_call_free(submit(meeting.client, new_request("GET", "/echo"), meet, &meeting));
    }
    pthread_mutex_lock(&meeting.lock);
    while (meeting.outside < 3) {
        pthread_cond_wait(&meeting.changed, &meeting.lock);
    }
    pthread_mutex_unlock(&meeting.lock);
    CHECK_COMES_TRUE(running_threads() == threads);
}

/* The engine hears of the end of a call and of the token that would have cancelled it at the same moment, and of another call
   with a token of its own between the two. */
struct succession {
    httpc_client *client;
    httpc_cancel_token *first, *second;
    const char *key;
    struct completion last;
};

static void submit_successor(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct succession *s = userdata;
    CHECK(code == HTTPC_OK || code == HTTPC_E_CANCELLED);
    httpc_response_free(response);
    httpc_error_free(error);
    httpc_request *request = new_request("GET", "/echo");
    httpc_request_set_cancel_token(request, s->second);
    httpc_call_free(submit(s->client, request, completed, &s->last));
}

static void let_both_happen(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct succession *s = userdata;
    CHECK_CODE(code, HTTPC_OK);
    httpc_response_free(response);
    httpc_error_free(error);
    open_gate(s->key, 0);
    /* For the answer to arrive, which nobody sees who holds the engine up. */
    wait_until_ms(now_ms() + 50);
    httpc_cancel_token_cancel(s->first);
}

TEST(a_token_ends_no_call_that_does_not_hold_it)
{
    struct succession s = {new_client(NULL), NULL, NULL, new_key(), COMPLETION};
    CHECK_CODE(httpc_cancel_token_new(&s.first, NULL), HTTPC_OK);
    CHECK_CODE(httpc_cancel_token_new(&s.second, NULL), HTTPC_OK);
    httpc_request *request = new_request("GET", text("/gate?key=%s", s.key));
    httpc_request_set_cancel_token(request, s.first);
    httpc_call_free(submit(s.client, request, submit_successor, &s));
    CHECK_COMES_TRUE(server_count(s.key) == 1);
    httpc_call_free(submit(s.client, new_request("GET", "/echo"), let_both_happen, &s));
    await_completion(&s.last);
    CHECK_CODE(s.last.outcome.code, HTTPC_OK);
    httpc_client_free(s.client);
    CHECK_EQ(s.last.count, 1);
    done(&s.last.outcome);
    httpc_cancel_token_free(s.first);
    httpc_cancel_token_free(s.second);
}

TEST(nulls_are_harmless)
{
    httpc_call_cancel(NULL);
    httpc_call_free(NULL);
    CHECK(httpc_call_is_over(NULL));
    CHECK_CODE(httpc_call_wait(NULL, 0, NULL), HTTPC_E_INVALID_ARG);
    httpc_response *response = NULL;
    CHECK_CODE(httpc_call_take_result(NULL, &response, NULL), HTTPC_E_INVALID_ARG);
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_engine_threads(config, 0), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_engine_threads(config, 65), HTTPC_E_INVALID_ARG);
    httpc_config_free(config);
}
