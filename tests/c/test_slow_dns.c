/*
 * DNS that takes long: neither a timeout nor a cancel nor the end of the client waits for it. The resolver under it is
 * slow_dns.preload.c, in front of the system's.
 */
#define CHECK_SETUP use_slow_resolver
#include "process.h"

#define LATE_MS 250
#define SLOW "http://slow.test/"

static void use_slow_resolver(void)
{
    start_with_preload("slow_dns");
}

static httpc_client *client_without_retries(void)
{
    httpc_config *config = new_config();
    httpc_config_set_retry(config, NULL);
    return new_client(config);
}

static void check_dns_failure(struct outcome *o, httpc_code code)
{
    CHECK_CODE(o->code, code);
    CHECK_EQ(httpc_error_send_state(o->error), HTTPC_SENT_NEVER_SENT);
    clean_error(o->error);
    done(o);
}

TEST(a_name_that_does_not_resolve)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, "http://missing.test/");
    CHECK_EQ(attempts(&o), 3);
    CHECK_HAS(httpc_error_detail(o.error), "missing.test");
    check_dns_failure(&o, HTTPC_E_DNS);
    httpc_client_free(client);
}

TEST(the_resolver_of_this_test_is_slow)
{
    httpc_client *client = client_without_retries();
    struct outcome o = get(client, SLOW);
    CHECK_MS(o.ms, 2900, 4500);
    check_dns_failure(&o, HTTPC_E_DNS);
    httpc_client_free(client);
}

TEST(timeouts_do_not_wait_for_it)
{
    static const struct {
        int32_t which;
        httpc_code code;
    } table[] = {
        {HTTPC_TIMEOUT_CONNECT, HTTPC_E_TIMEOUT_CONNECT},
        {HTTPC_TIMEOUT_ATTEMPT, HTTPC_E_TIMEOUT_ATTEMPT},
        {HTTPC_TIMEOUT_TOTAL, HTTPC_E_TIMEOUT_TOTAL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        httpc_client *client = client_without_retries();
        httpc_request *request = new_request("GET", SLOW);
        httpc_request_set_timeout(request, table[i].which, 200);
        struct outcome o = send_request(client, request);
        CHECK_MS(o.ms, 200, 200 + LATE_MS);
        check_dns_failure(&o, table[i].code);
        httpc_request_free(request);
        /* Neither does another call, nor the end of the client. */
        o = get(client, "/echo");
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_MS(o.ms, 0, LATE_MS);
        done(&o);
        double start = now_ms();
        httpc_client_free(client);
        CHECK_MS(now_ms() - start, 0, LATE_MS);
    }
}

struct later {
    pthread_t thread;
    httpc_cancel_token *token;
    httpc_client *client;
    double done_at;
};

static void *cancel_later(void *argument)
{
    struct later *later = argument;
    wait_until_ms(now_ms() + 100);
    later->done_at = now_ms();
    httpc_cancel_token_cancel(later->token);
    return NULL;
}

static void *close_later(void *argument)
{
    struct later *later = argument;
    wait_until_ms(now_ms() + 100);
    later->done_at = now_ms();
    CHECK_CODE(httpc_client_close(later->client, HTTPC_FOREVER, NULL), HTTPC_OK);
    return NULL;
}

TEST(cancelling_does_not_wait_for_it)
{
    httpc_client *client = client_without_retries();
    struct later later = {.client = client};
    CHECK_CODE(httpc_cancel_token_new(&later.token, NULL), HTTPC_OK);
    httpc_request *request = new_request("GET", SLOW);
    httpc_request_set_cancel_token(request, later.token);
    CHECK_EQ(pthread_create(&later.thread, NULL, cancel_later, &later), 0);
    struct outcome o = send_request(client, request);
    double end = now_ms();
    pthread_join(later.thread, NULL);
    CHECK_BETWEEN(end - later.done_at, 0, LATE_MS);
    check_dns_failure(&o, HTTPC_E_CANCELLED);
    httpc_request_free(request);
    httpc_cancel_token_free(later.token);
    httpc_client_free(client);
}

TEST(closing_does_not_wait_for_it)
{
    httpc_client *client = client_without_retries();
    struct later later = {.client = client};
    CHECK_EQ(pthread_create(&later.thread, NULL, close_later, &later), 0);
    struct outcome o = get(client, SLOW);
    pthread_join(later.thread, NULL);
    CHECK_BETWEEN(now_ms() - later.done_at, 0, LATE_MS);
    check_dns_failure(&o, HTTPC_E_CLOSED);
    httpc_client_free(client);
}

TEST(many_slow_names_do_not_hold_up_a_good_one)
{
    httpc_client *client = client_without_retries();
    for (int i = 0; i < 20; i++) {
        httpc_request *request = new_request("GET", text("http://slow-%d.test/", i));
        httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 20);
        struct outcome o = send_request(client, request);
        CHECK_MS(o.ms, 20, 20 + LATE_MS);
        check_dns_failure(&o, HTTPC_E_TIMEOUT_TOTAL);
        httpc_request_free(request);
    }
    struct outcome o = get(client, "/echo");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_MS(o.ms, 0, LATE_MS);
    done(&o);
    httpc_client_free(client);
}

TEST(add_resolve_asks_no_dns)
{
    httpc_config *config = new_config();
    unsigned port = 0;
    CHECK_EQ(sscanf(address("URL"), "http://127.0.0.1:%u", &port), 1);
    httpc_config_add_resolve(config, "slow.test", (uint16_t)port, "127.0.0.1");
    httpc_client *client = new_client(config);
    struct outcome o = get(client, text("http://slow.test:%u/echo", port));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_MS(o.ms, 0, 1000);
    CHECK_STR(httpc_response_json_string(o.response, "/headers/host/0", NULL), text("slow.test:%u", port));
    done(&o);
    httpc_client_free(client);
}
