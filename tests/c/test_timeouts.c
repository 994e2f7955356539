/* Timeouts: each ends what it is about, never early, and soon after its time. */
#include "server.h"

#include <pthread.h>

/* A timer is at most 50 ms late on an idle machine; a busy one gets more. */
#define LATE_MS 300

static char big[8 << 20];

/* The request is freed. */
static struct outcome send_once(httpc_client *client, httpc_request *request)
{
    httpc_request_set_retry(request, NULL);
    struct outcome o = send_request(client, request);
    httpc_request_free(request);
    return o;
}

static void expect_timeout(struct outcome o, httpc_code code, double after_ms, httpc_sent sent)
{
    CHECK_CODE(o.code, code);
    CHECK_MS(o.ms, after_ms, after_ms + LATE_MS);
    CHECK(httpc_code_is_timeout(o.code));
    CHECK_EQ(httpc_error_send_state(o.error), sent);
    CHECK_EQ(attempts(&o), 1);
    if (!clean_error(o.error)) {
        fprintf(stderr, "  %s\n", httpc_error_detail(o.error));
    }
    done(&o);
}

static struct outcome get_with(httpc_client *client, const char *url, int32_t which, uint64_t ms)
{
    httpc_request *request = new_request("GET", url);
    CHECK_CODE(httpc_request_set_timeout(request, which, ms), HTTPC_OK);
    return send_once(client, request);
}

TEST(connect_covers_tcp_and_tls)
{
    httpc_client *client = new_client(NULL);
    expect_timeout(get_with(client, address("BLACKHOLE"), HTTPC_TIMEOUT_CONNECT, 300), HTTPC_E_TIMEOUT_CONNECT, 300,
                   HTTPC_SENT_NEVER_SENT);
    expect_timeout(get_with(client, address("TLS_STALL"), HTTPC_TIMEOUT_CONNECT, 300), HTTPC_E_TIMEOUT_CONNECT, 300,
                   HTTPC_SENT_NEVER_SENT);
    /* Once connected, it is over. */
    CHECK_CODE(code_of(get_with(client, "/delay/400", HTTPC_TIMEOUT_CONNECT, 100)), HTTPC_OK);
    httpc_client_free(client);
}

TEST(read_is_the_longest_silence)
{
    httpc_client *client = new_client(NULL);
    expect_timeout(get_with(client, "/delay/30000", HTTPC_TIMEOUT_READ, 250), HTTPC_E_TIMEOUT_READ, 250,
                   HTTPC_SENT_MAYBE_SENT);
    expect_timeout(get_with(client, address("SILENT"), HTTPC_TIMEOUT_READ, 250), HTTPC_E_TIMEOUT_READ, 250,
                   HTTPC_SENT_MAYBE_SENT);
    expect_timeout(get_with(client, "/stall-body", HTTPC_TIMEOUT_READ, 250), HTTPC_E_TIMEOUT_READ, 250,
                   HTTPC_SENT_ANSWERED);
    /* Slow is not silent. */
    struct outcome o = get_with(client, "/trickle?bytes=12&interval=60", HTTPC_TIMEOUT_READ, 400);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK(o.ms > 700);
    done(&o);
    CHECK_CODE(code_of(get_with(client, "/slow-head?interval=10", HTTPC_TIMEOUT_READ, 400)), HTTPC_OK);
    httpc_client_free(client);
}

TEST(write_is_the_longest_time_without_progress)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("POST", "/stall-upload");
    httpc_request_set_body(request, NULL, big, sizeof big);
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_WRITE, 250);
    struct outcome o = send_once(client, request);
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_WRITE);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_MAYBE_SENT);
    /* The buffers on the way fill first. */
    CHECK_MS(o.ms, 250, 250 + 3 * LATE_MS);
    clean_error(o.error);
    done(&o);

    /* An upload that is taken is no stall, and the wait for its answer is the read timeout's. */
    request = new_request("POST", "/delay/500");
    httpc_request_set_body(request, NULL, big, sizeof big);
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_WRITE, 250);
    CHECK_CODE(code_of(send_once(client, request)), HTTPC_OK);
    httpc_client_free(client);
}

TEST(attempt_bounds_one_attempt_and_total_all)
{
    httpc_client *client = new_client(NULL);
    expect_timeout(get_with(client, "/trickle?bytes=1000&interval=20", HTTPC_TIMEOUT_ATTEMPT, 250), HTTPC_E_TIMEOUT_ATTEMPT,
                   250, HTTPC_SENT_ANSWERED);
    expect_timeout(get_with(client, "/trickle?bytes=1000&interval=20", HTTPC_TIMEOUT_TOTAL, 250), HTTPC_E_TIMEOUT_TOTAL,
                   250, HTTPC_SENT_ANSWERED);
    expect_timeout(get_with(client, address("BLACKHOLE"), HTTPC_TIMEOUT_TOTAL, 250), HTTPC_E_TIMEOUT_TOTAL, 250,
                   HTTPC_SENT_NEVER_SENT);

    /* A new attempt begins anew. */
    httpc_request *request = new_request("GET", text("/sequence/stall,stall,200?key=%s", new_key()));
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_ATTEMPT, 150);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 3);
    CHECK_CODE(httpc_attempt_code(attempt(&o, 1)), HTTPC_E_TIMEOUT_ATTEMPT);
    CHECK_MS(o.ms, 300, 300 + LATE_MS);
    done(&o);
    httpc_request_free(request);

    /* The total does not. */
    request = new_request("GET", text("/sequence/stall?key=%s", new_key()));
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_ATTEMPT, 150);
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 400);
    o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_TOTAL);
    CHECK_EQ(attempts(&o), 3);
    CHECK_MS(o.ms, 400, 400 + LATE_MS);
    clean_error(o.error);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

struct occupant {
    pthread_t thread;
    httpc_client *client;
    char url[128];
    httpc_code code;
};

static void *occupy(void *argument)
{
    struct occupant *o = argument;
    o->code = code_of(get(o->client, o->url));
    return NULL;
}

static httpc_client *client_with_one_connection(bool per_host)
{
    httpc_config *config = new_config();
    if (per_host) {
        httpc_config_set_max_connections_per_host(config, 1);
    } else {
        httpc_config_set_max_connections(config, 1);
    }
    return new_client(config);
}

/* Holds the client's only connection for `ms`. */
static void start_occupant(struct occupant *o, httpc_client *client, unsigned ms)
{
    const char *key = new_key();
    o->client = client;
    snprintf(o->url, sizeof o->url, "/delay/%u?key=%s", ms, key);
    CHECK_EQ(pthread_create(&o->thread, NULL, occupy, o), 0);
    double limit = now_ms() + 10000;
    while (server_count(key) < 1 && CHECK(now_ms() < limit)) {
        wait_until_ms(now_ms() + 1);
    }
}

TEST(pool_is_the_wait_for_a_connection_and_final)
{
    for (int per_host = 0; per_host < 2; per_host++) {
        httpc_client *client = client_with_one_connection(per_host);
        struct occupant occupant;
        start_occupant(&occupant, client, 1000);
        httpc_request *request = new_request("GET", "/echo");
        httpc_request_set_timeout(request, HTTPC_TIMEOUT_POOL, 200);
        struct outcome o = send_request(client, request);
        CHECK_CODE(o.code, HTTPC_E_TIMEOUT_POOL);
        CHECK_MS(o.ms, 200, 200 + LATE_MS);
        CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
        clean_error(o.error);
        done(&o);
        httpc_request_free(request);
        pthread_join(occupant.thread, NULL);
        CHECK_CODE(occupant.code, HTTPC_OK);
        httpc_client_free(client);
    }
}

TEST(waiting_for_a_connection_counts_against_total_only)
{
    httpc_client *client = client_with_one_connection(false);
    struct occupant occupant;
    start_occupant(&occupant, client, 700);
    httpc_request *request = new_request("GET", "/echo");
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_CONNECT, 200);
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_READ, 200);
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_WRITE, 200);
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_ATTEMPT, 200);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 1);
    CHECK_MS(o.ms, 300, 700 + LATE_MS);
    done(&o);
    pthread_join(occupant.thread, NULL);

    start_occupant(&occupant, client, 700);
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 200);
    o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_TOTAL);
    CHECK_MS(o.ms, 200, 200 + LATE_MS);
    done(&o);
    pthread_join(occupant.thread, NULL);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(all_sets_the_first_four)
{
    httpc_client *client = new_client(NULL);
    expect_timeout(get_with(client, "/delay/30000", HTTPC_TIMEOUT_ALL, 200), HTTPC_E_TIMEOUT_READ, 200,
                   HTTPC_SENT_MAYBE_SENT);
    expect_timeout(get_with(client, address("BLACKHOLE"), HTTPC_TIMEOUT_ALL, 200), HTTPC_E_TIMEOUT_CONNECT, 200,
                   HTTPC_SENT_NEVER_SENT);
    /* Attempt and total are not among them. */
    CHECK_CODE(code_of(get_with(client, "/trickle?bytes=10&interval=60", HTTPC_TIMEOUT_ALL, 300)), HTTPC_OK);
    httpc_client_free(client);
}

TEST(zero_is_no_limit_and_a_request_overrules_its_client)
{
    httpc_config *config = new_config();
    httpc_config_set_retry(config, NULL);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_READ, 100);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 200);
    httpc_client *client = new_client(config);
    CHECK_CODE(code_of(get(client, "/delay/600")), HTTPC_E_TIMEOUT_READ);
    httpc_request *request = new_request("GET", "/delay/600");
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_READ, 0);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_E_TIMEOUT_TOTAL);
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 0);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_ALL, 0);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(timers_never_fire_early)
{
    httpc_client *client = new_client(NULL);
    static const int32_t which[] = {HTTPC_TIMEOUT_READ, HTTPC_TIMEOUT_ATTEMPT, HTTPC_TIMEOUT_TOTAL};
    for (uint64_t ms = 1; ms < 40; ms += 3) {
        struct outcome o = get_with(client, "/delay/30000", which[ms % 3], ms);
        CHECK(httpc_code_is_timeout(o.code));
        CHECK_MS(o.ms, ms, ms + LATE_MS);
        done(&o);
    }
    httpc_client_free(client);
}
