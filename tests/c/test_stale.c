/*
 * Connections that the server closes while they are idle: a POST is delivered at most once whatever the moment, and does
 * not fail where the server had closed well before. Non-idempotent requests are the hard case, since they must not be
 * sent again.
 */
#include "faults.h"

#include <pthread.h>

struct tally {
    unsigned calls, late_calls, late_successes;
};

/* When the next call comes, seen from the moment at which the server closes. */
enum moment { AT_ONCE, AS_IT_CLOSES, LATER, MOMENTS };

static const double delays_ms[] = {0, 0.1, 0.5, 1, 2, 5, 10, 20};
#define DELAYS (sizeof delays_ms / sizeof delays_ms[0])

static void wait_for_moment(enum moment moment, double answered_at, double delay_ms)
{
    if (moment == AS_IT_CLOSES) {
        wait_until_ms(answered_at + delay_ms);
    } else if (moment == LATER) {
        wait_until_ms(answered_at + delay_ms + 20);
    }
}

/* A failure is one that the caller can act on: nothing is claimed that is not so. */
static void check_failure(const struct outcome *o, long delivered)
{
    CHECK_CODE(o->code, HTTPC_E_IO);
    CHECK_EQ(attempts(o), 1);
    CHECK_EQ(httpc_error_stop_reason(o->error), HTTPC_STOP_NOT_IDEMPOTENT);
    CHECK_EQ(httpc_error_send_state(o->error), HTTPC_SENT_MAYBE_SENT);
    CHECK_BETWEEN(delivered, 0, 1);
    clean_error(o->error);
}

/* ---- Ten thousand POSTs, by several threads with a client each ---- */

#define WORKERS 8
#define BATCH 250

struct variant {
    const char *what;
    const char *base, *route;
    size_t way;
    bool always_fresh;
    unsigned batches;
};

static const struct variant variants[] = {
    {"FIN", "URL", "/stale", 0, false, 14},
    {"RST", "URL", "/stale-reset", 0, false, 4},
    {"FIN, submitted", "URL", "/stale", 1, false, 4},
    {"RST, submitted", "URL", "/stale-reset", 1, false, 2},
    {"close_notify and FIN", "TLS", "/stale", 0, false, 4},
    {"FIN without close_notify", "TLS", "/stale-cut", 0, false, 3},
    {"RST over TLS", "TLS", "/stale-reset", 0, false, 2},
    {"close_notify and FIN, submitted", "TLS", "/stale", 1, false, 3},
    {"fresh connections", "URL", "/stale", 0, true, 4},
};
#define VARIANTS (sizeof variants / sizeof variants[0])

static struct tally tallies[VARIANTS];
static unsigned next_batch;

static httpc_client *client_of(const struct variant *variant)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    if (variant->always_fresh) {
        httpc_config_set_max_idle(config, 0);
    }
    return new_client(config);
}

static struct outcome post_token(httpc_client *client, const struct variant *variant, const char *url, const char *token)
{
    httpc_request *request = new_request("POST", url);
    httpc_request_set_body(request, "text/plain", token, strlen(token));
    struct outcome o = ways[variant->way].perform(client, request);
    httpc_request_free(request);
    return o;
}

/* Each POST has a token of its own in its body, by which the server knows it. */
static struct tally run_batch(const struct variant *variant)
{
    struct tally tally = {0, 0, 0};
    httpc_client *client = client_of(variant);
    const char *key = new_key();
    double closes_at = 0;
    for (unsigned i = 0; i < BATCH; i++) {
        double delay = delays_ms[i / MOMENTS % DELAYS];
        const char *token = text("token-%u-end", i);
        const char *url = text("%s%s/%g?key=%s", address(variant->base), variant->route, delay, key);
        bool late = i > 0 && now_ms() >= closes_at + 10;
        struct outcome o = post_token(client, variant, url, token);
        double answered_at = now_ms();
        long delivered = server_count_body(key, token);
        tally.calls++;
        tally.late_calls += late;
        if (o.code == HTTPC_OK) {
            tally.late_successes += late;
            CHECK_EQ(delivered, 1);
            CHECK_EQ(attempts(&o), 1);
        } else {
            check_failure(&o, delivered);
        }
        done(&o);
        closes_at = answered_at + delay;
        wait_for_moment((enum moment)(i % MOMENTS), answered_at, delay);
    }
    /* None was delivered without its call, neither. */
    CHECK_BETWEEN(server_count(key), 0, BATCH);
    httpc_client_free(client);
    return tally;
}

static void *run_batches(void *unused)
{
    (void)unused;
    for (;;) {
        unsigned batch = __atomic_fetch_add(&next_batch, 1, __ATOMIC_RELAXED);
        size_t at = 0;
        while (at < VARIANTS && batch >= variants[at].batches) {
            batch -= variants[at++].batches;
        }
        if (at == VARIANTS) {
            return NULL;
        }
        struct tally tally = run_batch(&variants[at]);
        __atomic_fetch_add(&tallies[at].calls, tally.calls, __ATOMIC_RELAXED);
        __atomic_fetch_add(&tallies[at].late_calls, tally.late_calls, __ATOMIC_RELAXED);
        __atomic_fetch_add(&tallies[at].late_successes, tally.late_successes, __ATOMIC_RELAXED);
    }
}

TEST(ten_thousand_posts_over_connections_that_the_server_closes)
{
    pthread_t workers[WORKERS];
    server_count("makes the observer before the threads ask for it");
    for (unsigned i = 0; i < WORKERS; i++) {
        CHECK_EQ(pthread_create(&workers[i], NULL, run_batches, NULL), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(workers[i], NULL);
    }
    unsigned calls = 0, late_calls = 0, late_successes = 0;
    for (size_t i = 0; i < VARIANTS; i++) {
        const struct tally *tally = &tallies[i];
        calls += tally->calls;
        late_calls += tally->late_calls;
        late_successes += tally->late_successes;
        CHECK(tally->late_calls >= tally->calls / 4);
        /* Of a few hundred: on a busy machine the server itself is late now and then. */
        if (!CHECK(tally->late_successes * 100 >= tally->late_calls * 95)) {
            fprintf(stderr, "  %s: %u of %u calls that came late succeeded\n", variants[i].what, tally->late_successes,
                    tally->late_calls);
        }
    }
    CHECK_EQ(calls, 10000);
    CHECK(late_successes * 100 >= late_calls * 99);
}

/* Delivered exactly once, and the server ends the connection instead of answering. */
static void post_to_one_that_ends_on_reuse(const char *route)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    const char *url = text("%s?key=%s", route, key);
    CHECK_CODE(code_of(get(client, url)), HTTPC_OK);
    struct outcome o = post(client, url, "only-once");
    CHECK_EQ(httpc_attempt_reused(attempt(&o, 0)), true);
    check_failure(&o, server_count_body(key, "only-once"));
    CHECK_EQ(server_count_body(key, "only-once"), 1);
    done(&o);
    CHECK_CODE(code_of(post(client, url, "on-a-new-connection")), HTTPC_OK);
    httpc_client_free(client);
}

TEST(a_post_is_not_sent_again_when_the_reused_connection_ends)
{
    post_to_one_that_ends_on_reuse("/stale-on-reuse");
    post_to_one_that_ends_on_reuse("/stale-on-reuse-fin");
}

static void get_from_one_that_ends_on_reuse(const char *route)
{
    httpc_config *config = new_config();
    httpc_retry_policy *policy = new_policy();
    /* The second attempt comes at once, so this pause would show. */
    httpc_retry_policy_set_backoff(policy, 5000, 1.0, 5000);
    httpc_retry_policy_set_jitter(policy, HTTPC_JITTER_NONE);
    httpc_config_set_retry(config, policy);
    httpc_retry_policy_free(policy);
    httpc_client *client = new_client(config);
    const char *key = new_key();
    const char *url = text("%s?key=%s", route, key);
    CHECK_CODE(code_of(get(client, url)), HTTPC_OK);
    struct outcome o = get(client, url);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 2);
    CHECK_CODE(httpc_attempt_code(attempt(&o, 0)), HTTPC_E_IO);
    CHECK(httpc_attempt_reused(attempt(&o, 0)));
    CHECK_EQ(httpc_attempt_delay_ms(attempt(&o, 1)), 0);
    CHECK_EQ(httpc_attempt_delay_source(attempt(&o, 1)), HTTPC_DELAY_NONE);
    CHECK(!httpc_attempt_reused(attempt(&o, 1)));
    CHECK_MS(o.ms, 0, 2000);
    done(&o);
    CHECK_EQ(server_count(key), 3);
    httpc_client_free(client);
}

TEST(a_get_is_sent_again_at_once_when_the_reused_connection_ends)
{
    get_from_one_that_ends_on_reuse("/stale-on-reuse");
    get_from_one_that_ends_on_reuse("/stale-on-reuse-fin");
}

TEST(a_server_that_closes_after_each_answer)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    double limit = now_ms() + 20000;
    for (int i = 0; i < 50 && CHECK(now_ms() < limit); i++) {
        struct outcome o = get(client, text("/once?key=%s", key));
        CHECK_CODE(o.code, HTTPC_OK);
        done(&o);
    }
    httpc_client_free(client);
}
