/*
 * Connections that the server closes while they are idle: a POST is delivered at most once whatever the moment, and does
 * not fail where the server had closed well before. Non-idempotent requests are the hard case, since they must not be
 * sent again.
 */
#include "server.h"

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
        wait_until_ms(answered_at + delay_ms + 12);
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

/* `calls` POSTs to `route`/MS, each with a token of its own in its body. */
static struct tally post_over_dying_connections(httpc_client *client, const char *origin, const char *route, unsigned calls)
{
    struct tally tally = {0, 0, 0};
    const char *key = new_key();
    double closes_at = 0;
    for (unsigned i = 0; i < calls; i++) {
        double delay = delays_ms[i / MOMENTS % DELAYS];
        const char *token = text("token-%u-end", i);
        bool late = i > 0 && now_ms() >= closes_at + 10;
        struct outcome o = post(client, text("%s%s/%g?key=%s", origin, route, delay, key), token);
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
    CHECK_BETWEEN(server_count(key), 0, calls);
    return tally;
}

static void check_tally(struct tally tally, unsigned calls)
{
    CHECK_EQ(tally.calls, calls);
    CHECK(tally.late_calls >= calls / 4);
    if (!CHECK(tally.late_successes * 100 >= tally.late_calls * 99)) {
        fprintf(stderr, "  %u of %u calls that came late succeeded\n", tally.late_successes, tally.late_calls);
    }
}

TEST(a_thousand_posts_over_connections_that_the_server_closes)
{
    httpc_client *client = new_client(NULL);
    check_tally(post_over_dying_connections(client, address("URL"), "/stale", 1000), 1000);
    httpc_client_free(client);
}

TEST(posts_over_connections_that_the_server_resets)
{
    httpc_client *client = new_client(NULL);
    check_tally(post_over_dying_connections(client, address("URL"), "/stale-reset", 200), 200);
    httpc_client_free(client);
}

TEST(posts_over_tls_connections_that_the_server_closes)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_client *client = new_client(config);
    check_tally(post_over_dying_connections(client, address("TLS"), "/stale", 200), 200);
    httpc_client_free(client);
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
    CHECK_BETWEEN(o.ms, 0, 2000);
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
