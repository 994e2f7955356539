/* Mocked faults by virtual time: the client's own timeouts and retries deal with them as with real ones. */
#include "mock.h"
#include "sink.h"

/* No retries. */
static httpc_client *client_without_retries(struct mocked *m)
{
    httpc_config *config = mock_config(m);
    httpc_retry_policy *policy = new_policy();
    CHECK_CODE(httpc_retry_policy_set_max_attempts(policy, 1), HTTPC_OK);
    CHECK_CODE(httpc_config_set_retry(config, policy), HTTPC_OK);
    httpc_retry_policy_free(policy);
    return new_client(config);
}

static struct outcome one_fault(send_fn *send, const char *method, int32_t code, uint64_t *virtual_ms)
{
    struct mocked m = new_mock();
    m.client = client_without_retries(&m);
    CHECK_CODE(httpc_mock_rule_fail(on(&m, method, API "/x"), code), HTTPC_OK);
    httpc_request *request = new_request(method, "/x");
    struct outcome o = send(m.client, request);
    *virtual_ms = httpc_clock_now_ms(m.clock);
    httpc_request_free(request);
    free_mocked(&m);
    return o;
}

TEST_BOTH(failures_have_their_code_and_send_state)
{
    static const struct {
        httpc_code code;
        httpc_sent sent;
    } table[] = {
        {HTTPC_E_DNS, HTTPC_SENT_NEVER_SENT},         {HTTPC_E_CONNECT, HTTPC_SENT_NEVER_SENT},
        {HTTPC_E_TLS, HTTPC_SENT_NEVER_SENT},         {HTTPC_E_PROXY, HTTPC_SENT_NEVER_SENT},
        {HTTPC_E_CERTIFICATE, HTTPC_SENT_NEVER_SENT}, {HTTPC_E_IO, HTTPC_SENT_MAYBE_SENT},
        {HTTPC_E_PROTOCOL, HTTPC_SENT_MAYBE_SENT},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t ms = 1;
        struct outcome o = one_fault(send, "POST", table[i].code, &ms);
        CHECK_CODE(o.code, table[i].code);
        CHECK_EQ(httpc_error_send_state(o.error), table[i].sent);
        CHECK_EQ(ms, 0);
        done(&o);
    }
}

TEST_BOTH(what_stalls_ends_by_its_timeout_to_the_millisecond)
{
    static const struct {
        httpc_code code;
        uint64_t ms;
    } table[] = {{HTTPC_E_TIMEOUT_CONNECT, 5000}, {HTTPC_E_TIMEOUT_READ, 30000}, {HTTPC_E_TIMEOUT_WRITE, 30000}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t ms = 0;
        double start = now_ms();
        struct outcome o = one_fault(send, "POST", table[i].code, &ms);
        CHECK_CODE(o.code, table[i].code);
        CHECK_EQ(ms, table[i].ms);
        CHECK_MS(now_ms() - start, 0, 5000);
        done(&o);
    }
}

TEST_BOTH(what_was_never_sent_is_retried_even_for_post)
{
    struct mocked m = new_mocked();
    httpc_mock_rule *rule = on(&m, "POST", API "/x");
    CHECK_CODE(httpc_mock_rule_fail(rule, HTTPC_E_CONNECT), HTTPC_OK);
    reply(rule, 201, "made");
    httpc_request *request = new_request("POST", "/x");
    struct outcome o = send(m.client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 2);
    done(&o);
    httpc_request_free(request);
    free_mocked(&m);
}

TEST_BOTH(what_may_have_been_sent_is_not_retried_for_post)
{
    struct mocked m = new_mocked();
    httpc_mock_rule *rule = on(&m, "POST", API "/x");
    CHECK_CODE(httpc_mock_rule_fail(rule, HTTPC_E_IO), HTTPC_OK);
    httpc_request *request = new_request("POST", "/x");
    struct outcome o = send(m.client, request);
    CHECK_CODE(o.code, HTTPC_E_IO);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_IDEMPOTENT);
    CHECK_EQ(httpc_mock_rule_answered(rule), 1);
    done(&o);
    httpc_request_free(request);
    free_mocked(&m);
}

static struct outcome broken_body(send_fn *send, int32_t code, uint64_t *virtual_ms)
{
    struct mocked m = new_mock();
    m.client = client_without_retries(&m);
    httpc_mock_rule *rule = reply(on(&m, "GET", API "/x"), 200, "0123456789");
    CHECK_CODE(httpc_mock_rule_reply_break(rule, code, 4), HTTPC_OK);
    struct outcome o = send_get(&m, send, "/x");
    *virtual_ms = httpc_clock_now_ms(m.clock);
    free_mocked(&m);
    return o;
}

TEST_BOTH(a_body_breaks_off_where_it_is_to)
{
    static const httpc_code codes[] = {HTTPC_E_IO, HTTPC_E_TRUNCATED, HTTPC_E_TIMEOUT_READ};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        uint64_t ms = 0;
        size_t length = 0;
        struct outcome o = broken_body(send, codes[i], &ms);
        CHECK_CODE(o.code, codes[i]);
        CHECK_EQ(ms, codes[i] == HTTPC_E_TIMEOUT_READ ? 30000 : 0);
        httpc_response_body(httpc_error_response(o.error), &length);
        CHECK_EQ(length, 4);
        done(&o);
    }
}

TEST(a_content_length_beyond_the_body_is_a_truncated_one)
{
    struct mocked m = new_mock();
    m.client = client_without_retries(&m);
    httpc_mock_rule *rule = reply(on(&m, "GET", API "/x"), 200, "0123456789");
    CHECK_CODE(httpc_mock_rule_reply_header(rule, "Content-Length", "11"), HTTPC_OK);
    CHECK_CODE(code_of(get(m.client, "/x")), HTTPC_E_TRUNCATED);
    free_mocked(&m);
}

TEST_BOTH(a_delay_passes_by_the_clock)
{
    struct mocked m = new_mocked();
    httpc_mock_rule *rule = reply(on(&m, "GET", API "/slow"), 200, "at last");
    CHECK_CODE(httpc_mock_rule_reply_delay(rule, 29999), HTTPC_OK);
    struct outcome o = send_get(&m, send, "/slow");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(httpc_clock_now_ms(m.clock), 29999);
    done(&o);
    free_mocked(&m);
}

TEST_BOTH(a_delay_beyond_the_read_timeout_is_a_timeout)
{
    struct mocked m = new_mock();
    m.client = client_without_retries(&m);
    CHECK_CODE(httpc_mock_rule_reply_delay(reply(on(&m, "GET", API "/slow"), 200, ""), 30001), HTTPC_OK);
    CHECK_CODE(code_of(send_get(&m, send, "/slow")), HTTPC_E_TIMEOUT_READ);
    CHECK_EQ(httpc_clock_now_ms(m.clock), 30000);
    free_mocked(&m);
}

TEST_BOTH(delays_pass_in_real_time_without_a_virtual_clock)
{
    struct mocked m = new_mock();
    httpc_config *config = mock_config(&m);
    CHECK_CODE(httpc_config_set_clock(config, NULL), HTTPC_OK);
    m.client = new_client(config);
    CHECK_CODE(httpc_mock_rule_reply_delay(reply(on(&m, "GET", API "/slow"), 200, ""), 30), HTTPC_OK);
    double start = now_ms();
    CHECK_CODE(code_of(send_get(&m, send, "/slow")), HTTPC_OK);
    CHECK_MS(now_ms() - start, 30, 5000);
    free_mocked(&m);
}

TEST_BOTH(a_cancel_ends_a_stalled_attempt)
{
    struct mocked m = new_mock();
    httpc_config *config = mock_config(&m);
    CHECK_CODE(httpc_config_set_clock(config, NULL), HTTPC_OK);
    m.client = new_client(config);
    httpc_cancel_token *token = NULL;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    CHECK_CODE(httpc_mock_rule_fail(on(&m, "GET", API "/x"), HTTPC_E_TIMEOUT_READ), HTTPC_OK);
    httpc_request *request = new_request("GET", "/x");
    CHECK_CODE(httpc_request_set_cancel_token(request, token), HTTPC_OK);
    struct call call;
    if (send == send_request) {
        start_call(&call, m.client, request);
    } else {
        call.started = false;
    }
    httpc_call *submitted = NULL;
    if (!call.started) {
        CHECK_CODE(httpc_submit(m.client, request, NULL, NULL, &submitted, NULL), HTTPC_OK);
    }
    while (httpc_mock_calls(m.mock) == 0) {
        wait_until_ms(now_ms() + 1);
    }
    httpc_cancel_token_cancel(token);
    if (call.started) {
        end_call(&call, HTTPC_E_CANCELLED);
    } else {
        CHECK_CODE(code_of(result_of(submitted)), HTTPC_E_CANCELLED);
        httpc_request_free(request);
    }
    httpc_cancel_token_free(token);
    free_mocked(&m);
}

/* ---- Bodies that are read while they go out ---- */

struct pieces {
    int left;
};

static int64_t next_piece(void *userdata, void *buffer, size_t size)
{
    struct pieces *pieces = userdata;
    if (pieces->left == 0 || size < 5) {
        return 0;
    }
    pieces->left--;
    memcpy(buffer, "piece", 5);
    return 5;
}

TEST_BOTH(a_body_source_is_read_to_its_end)
{
    struct mocked m = new_mocked();
    struct pieces pieces = {3};
    httpc_mock_rule *rule = reply(on(&m, "POST", API "/x"), 200, "thanks");
    CHECK_CODE(httpc_mock_rule_match_body(rule, "piecepiecepiece", 15), HTTPC_OK);
    httpc_request *request = new_request("POST", "/x");
    CHECK_CODE(httpc_request_set_body_source(request, NULL, next_piece, NULL, HTTPC_UNSET, &pieces, NULL), HTTPC_OK);
    struct outcome o = send(m.client, request);
    if (!CHECK_CODE(o.code, HTTPC_OK)) {
        fprintf(stderr, "  %s\n", httpc_error_detail(o.error));
    }
    CHECK_STR(body(&o), "thanks");
    CHECK_STR((const char *)httpc_mock_call_body(httpc_mock_call_at(m.mock, 0), NULL), "piecepiecepiece");
    done(&o);
    httpc_request_free(request);
    free_mocked(&m);
}

/* ---- Bodies that are taken while they come in ---- */

static int32_t count_bytes(void *userdata, const void *data, size_t size)
{
    size_t *count = userdata;
    (void)data;
    *count += size;
    return 0;
}

TEST_BOTH(a_body_sink_gets_the_final_body_alone)
{
    size_t length = 1000000, count = 0;
    char *big = malloc(length + 1);
    memset(big, 'x', length);
    big[length] = 0;
    struct mocked m = new_mocked();
    reply(reply(on(&m, "GET", API "/x"), 503, "busy"), 200, big);
    httpc_request *request = new_request("GET", "/x");
    CHECK_CODE(httpc_request_set_body_sink(request, NULL, count_bytes, &count, NULL), HTTPC_OK);
    struct outcome o = send(m.client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 2);
    CHECK_EQ(count, length);
    done(&o);
    httpc_request_free(request);
    free_mocked(&m);
    free(big);
}

TEST(a_whole_body_waits_for_a_sink_that_pauses)
{
    struct mocked m = new_mocked();
    struct sink s = SINK;
    s.head_says = HTTPC_SINK_PAUSE;
    reply(on(&m, "GET", API "/x"), 200, "body");
    CHECK_CODE(httpc_clock_add_threads(m.clock, 1), HTTPC_OK);
    httpc_call *call = submit(m.client, request_into(&s, "/x"), NULL, NULL);
    AWAIT(&s, s.heads == 1);
    httpc_call_resume(call);
    CHECK_CODE(code_of(result_of(call)), HTTPC_OK);
    CHECK_STR(s.text, "body");
    free_mocked(&m);
}
