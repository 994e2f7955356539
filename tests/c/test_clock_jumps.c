/*
 * A wall clock that is set forward and back by hours, clock_jumps.preload.c, in calls and between them: timeouts, pauses and
 * idle connections go by the monotonic clock.
 */
#define CHECK_SETUP use_clock_jumps
#include "faults.h"
#include "process.h"

#include <dlfcn.h>

#define HOUR 3600L

static long *jump_s;
static const unsigned *reads;

static void use_clock_jumps(void)
{
    start_with_preload("clock_jumps");
    jump_s = dlsym(RTLD_DEFAULT, "clock_jump_s");
    reads = dlsym(RTLD_DEFAULT, "clock_reads");
}

static void set_wall_clock(long seconds)
{
    __atomic_store_n(jump_s, seconds, __ATOMIC_RELAXED);
}

static void *keep_jumping(void *end)
{
    static const long jumps[] = {3 * HOUR, -3 * HOUR, 0, 24 * HOUR, -24 * HOUR};
    for (unsigned i = 0; !__atomic_load_n((bool *)end, __ATOMIC_RELAXED); i++) {
        set_wall_clock(jumps[i % 5]);
        wait_until_ms(now_ms() + 5);
    }
    set_wall_clock(0);
    return NULL;
}

/* Runs while the clock jumps about. */
static void among_jumps(void (*run)(httpc_client *), httpc_client *client)
{
    bool end = false;
    pthread_t jumper;
    CHECK_EQ(pthread_create(&jumper, NULL, keep_jumping, &end), 0);
    IN_EVERY_WAY
    {
        run(client);
    }
    __atomic_store_n(&end, true, __ATOMIC_RELAXED);
    pthread_join(jumper, NULL);
    httpc_client_free(client);
}

TEST(the_wall_clock_really_jumps)
{
    time_t before = time(NULL);
    set_wall_clock(5 * HOUR);
    CHECK(time(NULL) - before >= 5 * HOUR);
    set_wall_clock(0);
    CHECK(*reads > 0);
}

static void time_out(httpc_client *client)
{
    static const struct {
        const char *path;
        httpc_code code;
        unsigned least_ms;
    } table[] = {
        {"/delay/30000", HTTPC_E_TIMEOUT_READ, 2 * READ_MS},
        {"/stall-body", HTTPC_E_TIMEOUT_READ, 2 * READ_MS},
        {"/trickle?bytes=1000&interval=50", HTTPC_E_TIMEOUT_TOTAL, 1000},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct outcome o = make_call(client, "GET", table[i].path, 0);
        CHECK_CODE(o.code, table[i].code);
        CHECK_MS(o.ms, table[i].least_ms, table[i].least_ms + LATE_MS);
        done(&o);
    }
}

TEST(timeouts)
{
    httpc_config *config = faulty_config();
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 1000);
    among_jumps(time_out, new_client(config));
}

static void pause_for_a_retry(httpc_client *client)
{
    const char *key = new_key();
    struct outcome o = make_call(client, "GET", text("/retry-after/seconds-1?key=%s", key), 0);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 2);
    CHECK_MS(o.ms, 1000, 1000 + 2 * LATE_MS);
    done(&o);
    /* A date is measured against the server's own. */
    o = make_call(client, "GET", text("/retry-after/date-2?key=%s", key), 0);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_MS(o.ms, 1000, 2000 + 2 * LATE_MS);
    done(&o);
}

TEST(pauses)
{
    httpc_config *config = faulty_config();
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 10000);
    among_jumps(pause_for_a_retry, new_client(config));
}

static void use_again(httpc_client *client)
{
    for (int i = 0; i < 20; i++) {
        struct outcome o = make_call(client, "GET", "/echo", 0);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK(i == 0 || httpc_response_reused(o.response));
        done(&o);
        wait_until_ms(now_ms() + 10);
    }
}

TEST(idle_connections_stay)
{
    httpc_config *config = faulty_config();
    httpc_config_set_idle_expiry(config, 5000);
    among_jumps(use_again, new_client(config));
}

static void expire(httpc_client *client)
{
    for (int i = 0; i < 2; i++) {
        struct outcome o = make_call(client, "GET", "/echo", 0);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK(!httpc_response_reused(o.response));
        done(&o);
        wait_until_ms(now_ms() + 400);
    }
}

TEST(idle_connections_expire)
{
    httpc_config *config = faulty_config();
    httpc_config_set_idle_expiry(config, 100);
    among_jumps(expire, new_client(config));
}
