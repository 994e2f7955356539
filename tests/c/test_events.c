/* Server-sent events: what the program gets of a stream, and how the call goes on behind its end. */
#include "sink.h"

struct events {
    char text[512]; /* "type:data@id " of each */
    unsigned count, drops;
    unsigned stops_at; /* the event of this number says `says` */
    int32_t says;
    httpc_cancel_token *cancel; /* at the first event */
};

static int32_t take_event(void *userdata, const httpc_sse_event *event)
{
    struct events *e = userdata;
    size_t length = 0, used = strlen(e->text);
    const char *data = httpc_sse_event_data(event, &length);
    CHECK_EQ(strlen(data), length);
    snprintf(e->text + used, sizeof e->text - used, "%s:%s@%s ", httpc_sse_event_type(event, NULL), data,
             httpc_sse_event_id(event));
    if (e->cancel != NULL) {
        httpc_cancel_token_cancel(e->cancel);
    }
    return ++e->count == e->stops_at ? e->says : 0;
}

static void drop_events(void *userdata)
{
    struct events *e = userdata;
    e->drops++;
}

static httpc_request *request_for(struct events *e, const char *url)
{
    httpc_request *request = new_request("GET", url);
    CHECK_CODE(httpc_request_set_event_sink(request, take_event, e, drop_events), HTTPC_OK);
    CHECK_CODE(httpc_request_set_event_reconnect(request, 1, 1), HTTPC_OK);
    return request;
}

/* A route that answers with this head and body and then does `then`, HTTP/1.1 alone. */
static const char *raw(const char *fields, const char *body, const char *rest)
{
    char all[1024], hex[2 * sizeof all + 1];
    int length = snprintf(all, sizeof all, "HTTP/1.1 200 OK\r\n%s\r\n%s", fields, body);
    for (int i = 0; i < length; i++) {
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)all[i]);
    }
    return text("/raw?hex=%s&%s", hex, rest);
}

static const struct way http_1_1[] = {{"blocking", "URL", false}, {"submitted", "URL", true}};

#define IN_BOTH_WAYS for (const struct way *way = http_1_1; way < http_1_1 + 2; way++)

TEST(a_stream_is_read_over_as_many_connections_as_it_takes)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct events e = {.count = 0};
        const char *key = new_key();
        struct outcome o = make(way, client, request_for(&e, text("/events?of=5&per=2&key=%s", key)));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(httpc_response_status(o.response), 204);
        CHECK_STR(e.text, "count:number 1@1 count:number 2@2 count:number 3@3 count:number 4@4 count:number 5@5 ");
        CHECK_EQ(attempts(&o), 4);
        CHECK_EQ(httpc_attempt_delay_source(attempt(&o, 1)), HTTPC_DELAY_RECONNECT);
        CHECK_EQ(e.drops, 1);
        done(&o);
        httpc_response *log = server_log(key);
        CHECK_STR(logged(log, 0, "headers/accept/0"), "text/event-stream");
        CHECK_STR(logged(log, 0, "headers/cache-control/0"), "no-store");
        CHECK_STR(logged(log, 0, "headers/last-event-id/0"), NULL);
        CHECK_STR(logged(log, 1, "headers/last-event-id/0"), "2");
        CHECK_STR(logged(log, 3, "headers/last-event-id/0"), "5");
        httpc_response_free(log);
        httpc_client_free(client);
    }
}

TEST(the_server_says_when_to_come_back)
{
    IN_BOTH_WAYS {
        httpc_client *client = new_client(config_of(way));
        struct events e = {.count = 0};
        httpc_request *request = request_for(&e, "/events?of=2&per=1&retry=150");
        httpc_request_set_event_reconnect(request, 1, 60000);
        struct outcome o = make(way, client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_MS(o.ms, 300, 5000);
        CHECK_EQ(httpc_attempt_delay_ms(attempt(&o, 1)), 150);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_stream_that_breaks_off_goes_on_behind_its_last_event)
{
    IN_BOTH_WAYS {
        httpc_client *client = new_client(config_of(way));
        struct events e = {.stops_at = 5, .says = 1};
        const char *key = new_key();
        const char *url = raw("Content-Type: text/event-stream\r\n", "id: a\ndata: x\n\nid: b\ndata: lost\n",
                              text("then=reset&key=%s", key));
        struct outcome o = make(way, client, request_for(&e, url));
        CHECK_CODE(o.code, HTTPC_E_ABORTED);
        CHECK_STR(e.text, "message:x@a message:x@a message:x@a message:x@a message:x@a ");
        CHECK_EQ(attempts(&o), 5);
        done(&o);
        httpc_response *log = server_log(key);
        CHECK_STR(logged(log, 4, "headers/last-event-id/0"), "a");
        httpc_response_free(log);
        httpc_client_free(client);
    }
}

TEST(without_reconnecting_the_end_of_the_stream_is_that_of_the_call)
{
    IN_BOTH_WAYS {
        httpc_client *client = new_client(config_of(way));
        struct events e = {.count = 0};
        httpc_request *request = request_for(&e, "/events?of=5&per=2");
        httpc_request_set_event_reconnect(request, 0, 0);
        struct outcome o = make(way, client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(httpc_response_status(o.response), 200);
        CHECK_EQ(e.count, 2);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_post_is_sent_once)
{
    IN_BOTH_WAYS {
        httpc_client *client = new_client(config_of(way));
        struct events e = {.count = 0};
        const char *key = new_key();
        httpc_request *request = new_request("POST", text("/events?of=5&per=2&key=%s", key));
        httpc_request_set_json(request, "{}");
        httpc_request_set_event_sink(request, take_event, &e, NULL);
        CHECK_CODE(code_of(make(way, client, request)), HTTPC_OK);
        CHECK_EQ(e.count, 2);
        CHECK_EQ(server_count(key), 1);
        httpc_response *log = server_log(key);
        CHECK_STR(logged(log, 0, "headers/accept/0"), "text/event-stream");
        httpc_response_free(log);
        httpc_client_free(client);
    }
}

TEST(what_the_function_says_ends_the_call)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct events e = {.stops_at = 2, .says = -17};
        struct outcome o = make(way, client, request_for(&e, "/events?of=5"));
        CHECK_CODE(o.code, HTTPC_E_ABORTED);
        CHECK_HAS(httpc_error_detail(o.error), "the event function said stop, with -17");
        CHECK_EQ(e.count, 2);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(an_answer_that_is_no_event_stream_is_an_error)
{
    static const struct {
        const char *url, *detail;
    } answers[] = {
        {"/echo", "the answer is no event stream: its Content-Type is application/json, not text/event-stream"},
        {"/events?type=text/event-streams", "its Content-Type is text/event-streams"},
        {"/status/201?type=text/event-stream", "its status is 201, not 200"},
        {"/bytes/10", "the answer is no event stream"},
    };
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
            struct events e = {.count = 0};
            struct outcome o = make(way, client, request_for(&e, answers[i].url));
            CHECK_CODE(o.code, HTTPC_E_PROTOCOL);
            CHECK_HAS(httpc_error_detail(o.error), answers[i].detail);
            CHECK_EQ(attempts(&o), 1);
            CHECK_EQ(e.count, 0);
            done(&o);
        }
        httpc_client_free(client);
    }
}

TEST(a_parameter_of_the_type_is_no_matter)
{
    httpc_client *client = new_client(NULL);
    struct events e = {.count = 0};
    httpc_request *request = request_for(&e, "/events?type=Text/Event-Stream;charset=utf-8");
    CHECK_CODE(code_of(make(&http_1_1[0], client, request)), HTTPC_OK);
    CHECK_EQ(e.count, 3);
    httpc_client_free(client);
}

TEST(a_failing_status_is_one_as_ever)
{
    IN_BOTH_WAYS {
        httpc_client *client = new_client(config_of(way));
        struct events e = {.count = 0};
        struct outcome o = make(way, client, request_for(&e, "/status/404?body=gone"));
        CHECK_CODE(o.code, HTTPC_E_STATUS);
        CHECK_HAS(httpc_error_detail(o.error), "gone");
        done(&o);
        httpc_client_free(client);
    }
}

TEST(an_event_may_be_too_long)
{
    IN_BOTH_WAYS {
        httpc_client *client = new_client(config_of(way));
        struct events e = {.count = 0};
        httpc_request *request = request_for(&e, "/events?of=2&per=1");
        httpc_request_set_max_event(request, 18);
        struct outcome o = make(way, client, request);
        CHECK_CODE(o.code, HTTPC_E_BODY_TOO_LARGE);
        CHECK_HAS(httpc_error_detail(o.error), "an event is longer than the limit of 18 bytes");
        CHECK_EQ(attempts(&o), 1);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(an_endless_line_is_cut_off)
{
    httpc_client *client = new_client(NULL);
    struct events e = {.count = 0};
    const char *url = text("/raw?hex=%s&then=repeat&part=%s",
                           "485454502f312e3120323030204f4b0d0a436f6e74656e742d547970653a20746578742f6576656e742d73747265616d"
                           "0d0a0d0a646174613a",
                           "78787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878");
    struct outcome o = make(&http_1_1[0], client, request_for(&e, url));
    CHECK_CODE(o.code, HTTPC_E_BODY_TOO_LARGE);
    CHECK_HAS(httpc_error_detail(o.error), "1048576 bytes");
    done(&o);
    httpc_client_free(client);
}

TEST(cancelling_ends_a_stream_and_the_pause_behind_one)
{
    static const char *const urls[] = {"then=hold", "then=close"};
    IN_BOTH_WAYS {
        for (size_t i = 0; i < 2; i++) {
            httpc_client *client = new_client(config_of(way));
            struct events e = {.count = 0};
            CHECK_CODE(httpc_cancel_token_new(&e.cancel, NULL), HTTPC_OK);
            const char *url = raw("Content-Type: text/event-stream\r\n", "retry: 60000\ndata: x\n\n", urls[i]);
            httpc_request *request = request_for(&e, url);
            httpc_request_set_cancel_token(request, e.cancel);
            struct outcome o = make(way, client, request);
            CHECK_CODE(o.code, HTTPC_E_CANCELLED);
            CHECK_MS(o.ms, 0, 5000);
            done(&o);
            httpc_cancel_token_free(e.cancel);
            httpc_client_free(client);
        }
    }
}

TEST(the_total_timeout_bounds_a_stream)
{
    IN_BOTH_WAYS {
        httpc_client *client = new_client(config_of(way));
        struct events e = {.count = 0};
        httpc_request *request = request_for(&e, "/events?of=2&per=1&retry=60000");
        httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 200);
        struct outcome o = make(way, client, request);
        CHECK_CODE(o.code, HTTPC_E_TIMEOUT_TOTAL);
        CHECK_MS(o.ms, 200, 5000);
        CHECK_EQ(e.count, 1);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(the_programs_own_headers_are_sent)
{
    httpc_client *client = new_client(NULL);
    struct events e = {.count = 0};
    const char *key = new_key();
    httpc_request *request = new_request("GET", text("/events?of=4&per=1&key=%s", key));
    httpc_request_set_header(request, "Accept", "text/event-stream;q=1");
    httpc_request_set_header(request, "last-event-id", "2");
    httpc_request_set_event_sink(request, take_event, &e, NULL);
    httpc_request_set_event_reconnect(request, 1, 1);
    CHECK_CODE(code_of(make(&http_1_1[0], client, request)), HTTPC_OK);
    CHECK_STR(e.text, "count:number 3@3 count:number 4@4 ");
    httpc_response *log = server_log(key);
    CHECK_STR(logged(log, 0, "headers/accept/0"), "text/event-stream;q=1");
    CHECK_STR(logged(log, 0, "headers/last-event-id/0"), "2");
    CHECK_STR(logged(log, 1, "headers/last-event-id/0"), "3");
    CHECK_STR(logged(log, 1, "headers/last-event-id/1"), NULL);
    httpc_response_free(log);
    httpc_client_free(client);
}

/* ---- Pauses ---- */

struct slow {
    pthread_mutex_t lock;
    pthread_cond_t came;
    unsigned count;
};

static int32_t take_slowly(void *userdata, const httpc_sse_event *event)
{
    struct slow *s = userdata;
    CHECK_STR(httpc_sse_event_id(event), text("%u", s->count + 1));
    pthread_mutex_lock(&s->lock);
    s->count++;
    pthread_cond_broadcast(&s->came);
    pthread_mutex_unlock(&s->lock);
    return HTTPC_SINK_PAUSE;
}

/* Several events come in one piece, and the stream ends with it. Behind the last there is nothing to wait with. */
TEST(a_paused_stream_waits_before_each_event)
{
    IN_EVERY_WAY {
        if (!way->is_submitted) {
            continue;
        }
        httpc_client *client = new_client(config_of(way));
        struct slow s = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
        httpc_request *request = new_request("GET", "/events?of=6&per=3&retry=1");
        httpc_request_set_event_sink(request, take_slowly, &s, NULL);
        httpc_call *call = submit(client, request, NULL, NULL);
        for (unsigned taken = 1; taken <= 6; taken++) {
            AWAIT(&s, s.count == taken);
            if (taken < 6) {
                CHECK_CODE(httpc_call_wait(call, 20, NULL), HTTPC_E_AGAIN);
                CHECK_EQ(s.count, taken);
                httpc_call_resume(call);
            }
        }
        CHECK_CODE(code_of(result_of(call)), HTTPC_OK);
        httpc_client_free(client);
    }
}

TEST(nobody_resumes_a_blocking_call)
{
    httpc_client *client = new_client(NULL);
    struct events e = {.stops_at = 1, .says = HTTPC_SINK_PAUSE};
    CHECK_CODE(code_of(make(&http_1_1[0], client, request_for(&e, "/events"))), HTTPC_E_ABORTED);
    httpc_client_free(client);
}

/* ---- Arguments ---- */

TEST(bad_arguments_are_named)
{
    struct events e = {.count = 0};
    httpc_request *request = new_request("GET", "/");
    CHECK_CODE(httpc_request_set_event_sink(request, NULL, &e, drop_events), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`on_event`");
    CHECK_EQ(e.drops, 1);
    httpc_request_free(request);
    request = new_request("GET", "/");
    CHECK_CODE(httpc_request_set_event_reconnect(request, 2, 0), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`on`");
    CHECK_CODE(httpc_request_set_event_reconnect(request, 1, UINT64_MAX), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_request_set_max_event(request, 0), HTTPC_E_INVALID_ARG);
    httpc_request_free(request);
    CHECK_CODE(httpc_request_set_event_sink(NULL, take_event, &e, drop_events), HTTPC_E_INVALID_ARG);
    CHECK_EQ(e.drops, 2);
    size_t length = 1;
    CHECK_STR(httpc_sse_event_data(NULL, &length), "");
    CHECK_EQ(length, 0);
    CHECK_STR(httpc_sse_event_type(NULL, NULL), "");
    CHECK_STR(httpc_sse_event_id(NULL), "");
}
