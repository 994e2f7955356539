/*
 * Submitted calls, queues and streams by a virtual clock that moves by itself, under a program whose thread is counted: time
 * passes only while that waits in the library.
 */
#include "on_clock.h"

/* This thread is counted. */
static struct mocked counted_with(httpc_config *config(struct mocked *))
{
    struct mocked m = new_mock();
    m.client = new_client(config(&m));
    CHECK_CODE(httpc_clock_add_threads(m.clock, 1), HTTPC_OK);
    return m;
}

static httpc_config *wide_config(struct mocked *m)
{
    httpc_config *config = mock_config(m);
    CHECK_CODE(httpc_config_set_max_connections(config, 1000), HTTPC_OK);
    CHECK_CODE(httpc_config_set_max_connections_per_host(config, 1000), HTTPC_OK);
    return config;
}

static struct mocked counted(void)
{
    return counted_with(wide_config);
}

/* The time at which a call was done. */
struct moment {
    struct mocked *m;
    httpc_code code;
    uint64_t ms;
};

static void note(void *moment, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct moment *at = moment;
    at->code = code;
    at->ms = httpc_clock_now_ms(at->m->clock);
    httpc_response_free(response);
    httpc_error_free(error);
}

static void await(httpc_call *call)
{
    CHECK_CODE(httpc_call_wait(call, HTTPC_FOREVER, NULL), HTTPC_OK);
    httpc_call_free(call);
}

/* ---- Submitted at one instant ---- */

TEST(calls_that_are_submitted_at_one_instant_each_take_their_own_time)
{
    enum { CALLS = 100 };
    EACH_RUN {
        struct mocked m = counted();
        httpc_queue *queue = new_queue();
        static char tags[CALLS + 1];
        for (int i = 1; i <= CALLS; i++) {
            answer_after(&m, text("/%d", i), (uint64_t)i * 100);
        }
        for (int i = CALLS; i >= 1; i--) {
            submit_get(m.client, text("/%d", i), queue, &tags[i]);
        }
        for (int i = 1; i <= CALLS; i++) {
            httpc_event *event = next_event(queue);
            CHECK_EQ((char *)httpc_event_tag(event) - tags, i);
            CHECK_EQ(httpc_clock_now_ms(m.clock), i * 100);
            httpc_event_free(event);
        }
        httpc_queue_free(queue);
        free_mocked(&m);
    }
}

TEST(time_stands_still_while_the_program_is_busy_between_two_calls)
{
    struct mocked m = counted();
    answer_after(&m, "/x", 1000);
    httpc_call *call = submit(m.client, new_request("GET", "/x"), NULL, NULL);
    await_calls(&m, 1);
    wait_until_ms(now_ms() + 10);
    CHECK_EQ(httpc_clock_now_ms(m.clock), 0);
    CHECK(!httpc_call_is_over(call));
    CHECK_CODE(httpc_call_wait(call, 0, NULL), HTTPC_E_AGAIN);
    CHECK_CODE(code_of(result_of(call)), HTTPC_OK);
    CHECK_EQ(httpc_clock_now_ms(m.clock), 1000);
    free_mocked(&m);
}

TEST(time_passes_for_a_program_that_is_not_counted)
{
    struct mocked m = new_mocked();
    answer_after(&m, "/x", 1000);
    httpc_call *call = submit(m.client, new_request("GET", "/x"), NULL, NULL);
    CHECK_COMES_TRUE(httpc_call_is_over(call));
    CHECK_EQ(httpc_clock_now_ms(m.clock), 1000);
    httpc_call_free(call);
    free_mocked(&m);
}

TEST(blocking_and_submitted_calls_go_on_side_by_side)
{
    EACH_RUN {
        struct mocked m = counted();
        struct moment at = {.m = &m};
        answer_after(&m, "/slow", 15000);
        answer_after(&m, "/quick", 10000);
        httpc_call *call = submit(m.client, new_request("GET", "/slow"), note, &at);
        CHECK_CODE(code_of(get(m.client, "/quick")), HTTPC_OK);
        CHECK_EQ(httpc_clock_now_ms(m.clock), 10000);
        CHECK_CODE(code_of(get(m.client, "/quick")), HTTPC_OK);
        CHECK_EQ(httpc_clock_now_ms(m.clock), 20000);
        await(call);
        CHECK_EQ(at.ms, 15000);
        free_mocked(&m);
    }
}

TEST(a_real_client_with_a_rate_limit_by_virtual_time_waits_for_its_tokens)
{
    struct mocked m = new_mock();
    httpc_config *config = NULL;
    httpc_queue *queue = new_queue();
    httpc_rate_limiter *limiter = new_limiter(&m, 1, 5000);
    CHECK_CODE(httpc_config_new(&config, NULL), HTTPC_OK);
    CHECK_CODE(httpc_config_set_base_url(config, address("URL")), HTTPC_OK);
    CHECK_CODE(httpc_config_add_rate_limiter(config, limiter), HTTPC_OK);
    m.client = new_client(config);
    CHECK_CODE(httpc_clock_add_threads(m.clock, 1), HTTPC_OK);
    for (int i = 0; i < 5; i++) {
        submit_get(m.client, "/status/200", queue, NULL);
    }
    CHECK_EQ(httpc_clock_now_ms(m.clock), 0);
    for (int i = 0; i < 5; i++) {
        httpc_event *event = next_event(queue);
        CHECK_CODE(httpc_event_code(event), HTTPC_OK);
        httpc_event_free(event);
    }
    CHECK_EQ(httpc_clock_now_ms(m.clock), 20000);
    httpc_queue_free(queue);
    httpc_rate_limiter_free(limiter);
    free_mocked(&m);
}

/* ---- Queues ---- */

static void take_event(struct worker *w)
{
    httpc_event *event = NULL;
    w->code = httpc_queue_next(w->queue, HTTPC_FOREVER, &event, NULL);
    if (w->code == HTTPC_OK) {
        w->ended_ms = httpc_clock_now_ms(w->m->clock);
        CHECK_EQ((uintptr_t)httpc_event_tag(event), w->ended_ms);
    }
    httpc_event_free(event);
}

TEST(threads_that_share_a_queue_each_take_an_event_at_its_time)
{
    EACH_RUN {
        struct mocked m = counted();
        httpc_queue *queue = new_queue();
        struct worker w[4];
        for (int i = 0; i < 4; i++) {
            w[i] = (struct worker){.m = &m, .work = take_event, .queue = queue};
        }
        /* They wait before there is a call, and so before the queue has a clock. */
        start_workers(w, 4);
        for (uintptr_t i = 1; i <= 4; i++) {
            answer_after(&m, text("/%d", (int)i), i * 1000);
            submit_get(m.client, text("/%d", (int)i), queue, (void *)(i * 1000));
        }
        CHECK_CODE(httpc_clock_add_threads(m.clock, -1), HTTPC_OK);
        end_workers(w, 4);
        CHECK_EQ(httpc_clock_now_ms(m.clock), 4000);
        httpc_queue_free(queue);
        free_mocked(&m);
    }
}

/* ---- Callbacks ---- */

struct chain {
    struct mocked *m;
    httpc_client *second;
    int left;
    struct completion end;
};

/* Makes a blocking call on the engine thread, and then the next one. */
static void go_on(void *chain, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct chain *c = chain;
    uint64_t before = httpc_clock_now_ms(c->m->clock);
    if (--c->left == 0) {
        completed(&c->end, code, response, error);
        return;
    }
    CHECK_CODE(code, HTTPC_OK);
    CHECK_CODE(code_of(get(c->second, "/short")), HTTPC_OK);
    CHECK_EQ(httpc_clock_now_ms(c->m->clock), before + 300);
    httpc_call_free(submit(c->m->client, new_request("GET", "/long"), go_on, c));
    httpc_response_free(response);
    httpc_error_free(error);
}

TEST(completion_functions_may_make_calls_that_take_their_time)
{
    EACH_RUN {
        struct mocked m = counted();
        struct chain c = {.m = &m, .second = new_client(mock_config(&m)), .left = 5, .end = COMPLETION};
        answer_after(&m, "/long", 1000);
        answer_after(&m, "/short", 300);
        answer_after(&m, "/other", 5000);
        httpc_call_free(submit(m.client, new_request("GET", "/long"), go_on, &c));
        CHECK_CODE(code_of(get(c.second, "/other")), HTTPC_OK);
        CHECK_EQ(httpc_clock_now_ms(m.clock), 5000);
        CHECK_CODE(httpc_clock_add_threads(m.clock, -1), HTTPC_OK);
        await_completion(&c.end);
        CHECK_EQ(httpc_clock_now_ms(m.clock), 5 * 1000 + 4 * 300);
        done(&c.end.outcome);
        httpc_client_free(c.second);
        free_mocked(&m);
    }
}

struct freed {
    httpc_client *client;
    httpc_code code;
};

static void free_client(void *freed, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct freed *f = freed;
    f->code = code;
    httpc_client_free(f->client);
    httpc_response_free(response);
    httpc_error_free(error);
}

TEST(a_client_that_its_own_callback_frees_holds_nobody_up)
{
    EACH_RUN {
        struct mocked m = counted();
        struct freed f = {.client = new_client(mock_config(&m))};
        answer_after(&m, "/first", 1000);
        answer_after(&m, "/later", 2000);
        httpc_call *first = submit(f.client, new_request("GET", "/first"), free_client, &f);
        httpc_call *later = submit(f.client, new_request("GET", "/later"), NULL, NULL);
        CHECK_CODE(code_of(get(m.client, "/later")), HTTPC_OK);
        CHECK_EQ(httpc_clock_now_ms(m.clock), 2000);
        CHECK_CODE(f.code, HTTPC_OK);
        CHECK_CODE(code_of(result_of(later)), HTTPC_E_CLOSED);
        httpc_call_free(first);
        free_mocked(&m);
    }
}

/* ---- Ends from outside ---- */

TEST(a_call_that_is_cancelled_before_the_wait_for_it_ends_at_once)
{
    EACH_RUN {
        struct mocked m = counted();
        httpc_cancel_token *token = new_token();
        answer_after(&m, "/x", 3000);
        httpc_call *by_token = submit(m.client, cancellable_get("/x", token), NULL, NULL);
        httpc_call *by_call = submit(m.client, new_request("GET", "/x"), NULL, NULL);
        await_calls(&m, 2);
        httpc_cancel_token_cancel(token);
        CHECK_CODE(code_of(result_of(by_token)), HTTPC_E_CANCELLED);
        httpc_call_cancel(by_call);
        CHECK_CODE(code_of(result_of(by_call)), HTTPC_E_CANCELLED);
        CHECK_EQ(httpc_clock_now_ms(m.clock), 0);
        httpc_cancel_token_free(token);
        free_mocked(&m);
    }
}

/* ---- Streams ---- */

static httpc_config *impatient_config(struct mocked *m)
{
    httpc_config *config = mock_config(m);
    CHECK_CODE(httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 10000), HTTPC_OK);
    return config;
}

TEST(a_stream_waits_for_a_reader_that_is_counted)
{
    static char body[1 << 20];
    struct mocked m = counted_with(impatient_config);
    httpc_mock_rule *rule = on(&m, "GET", API "/x");
    CHECK_CODE(httpc_mock_rule_reply(rule, 200, body, sizeof body), HTTPC_OK);
    CHECK_CODE(httpc_mock_rule_reply_delay(rule, 4000), HTTPC_OK);
    httpc_stream *stream = NULL;
    httpc_request *request = new_request("GET", "/x");
    CHECK_CODE(httpc_open(m.client, request, &stream, NULL), HTTPC_OK);
    httpc_request_free(request);
    size_t total = 0, count = 0;
    do {
        static char piece[100000];
        CHECK_EQ(httpc_clock_now_ms(m.clock), 4000);
        CHECK_CODE(httpc_stream_read(stream, piece, sizeof piece, &count, NULL), HTTPC_OK);
        total += count;
    } while (count > 0);
    CHECK_EQ(total, sizeof body);
    httpc_stream_free(stream);
    free_mocked(&m);
}

TEST(a_stream_that_nobody_reads_comes_to_its_timeout)
{
    static char body[1 << 20];
    struct mocked m = counted_with(impatient_config);
    httpc_stream *stream = NULL;
    httpc_request *request = new_request("GET", "/x");
    CHECK_CODE(httpc_mock_rule_reply(on(&m, "GET", API "/x"), 200, body, sizeof body), HTTPC_OK);
    CHECK_CODE(httpc_open(m.client, request, &stream, NULL), HTTPC_OK);
    httpc_request_free(request);
    CHECK_CODE(httpc_clock_add_threads(m.clock, -1), HTTPC_OK);
    CHECK_COMES_TRUE(httpc_clock_now_ms(m.clock) == 10000);
    httpc_stream_free(stream);
    free_mocked(&m);
}
