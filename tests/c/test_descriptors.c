/*
 * A process without descriptors left: whatever needs one says so, nothing leaks, and all works once there are some. Names
 * are looked up by descriptors.preload.c.
 */
#define CHECK_SETUP use_own_resolver
#include "calls.h"

static void use_own_resolver(void)
{
    start_with_preload("descriptors");
}

/* More than any single call needs. */
#define ENOUGH 12

static struct rlimit old_limit;
static int fill[1024];
static unsigned filled;

/* Leaves exactly `count` descriptors to be had, until more_descriptors(). */
static void leave_descriptors(unsigned count)
{
    unsigned used = open_descriptors();
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old_limit), 0);
    /* The limit is on numbers: holes below the highest are filled first. */
    int highest = -1;
    for (bool has_holes = true; has_holes && filled < sizeof fill / sizeof fill[0];) {
        fill[filled++] = highest = open("/dev/null", O_RDONLY | O_CLOEXEC);
        has_holes = (unsigned)highest + 1 < used + filled;
    }
    struct rlimit limit = old_limit;
    limit.rlim_cur = (rlim_t)highest + 1 + count;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void more_descriptors(void)
{
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &old_limit), 0);
    while (filled > 0) {
        close(fill[--filled]);
    }
}

static void check_resource(httpc_code code, const httpc_error *error)
{
    CHECK_CODE(code, HTTPC_E_RESOURCE);
    CHECK_HAS(httpc_error_detail(error), "descriptor");
    CHECK_EQ(httpc_error_send_state(error), HTTPC_SENT_NEVER_SENT);
    clean_error(error);
}

static httpc_client *client_over_both(void)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    return new_client(config);
}

/* ---- Calls ---- */

/* From none upwards: refused as long as there are too few, answered from then on. */
static void with_ever_more_descriptors(const char *url)
{
    bool was_enough = false;
    for (unsigned count = 0; count <= ENOUGH; count++) {
        httpc_client *client = client_over_both();
        unsigned before = open_descriptors();
        leave_descriptors(count);
        struct outcome o = get(client, url);
        more_descriptors();
        if (o.code == HTTPC_OK) {
            was_enough = true;
        } else {
            /* An older libcurl uses whatever it has beyond a connection to be woken by, and one may do where two do not. */
            CHECK(!was_enough || (has_old_libcurl() && count == 2));
            check_resource(o.code, o.error);
            CHECK_COMES_TRUE(open_descriptors() == before);
        }
        done(&o);
        CHECK_CODE(code_of(get(client, url)), HTTPC_OK);
        httpc_client_free(client);
    }
    CHECK(was_enough);
}

TEST(a_call_to_an_address)
{
    with_ever_more_descriptors("/echo");
}

TEST(a_call_to_a_name)
{
    with_ever_more_descriptors(text("http://name.test%s/echo", strrchr(address("URL"), ':')));
}

TEST(a_call_over_tls)
{
    with_ever_more_descriptors(text("%s/echo", address("TLS")));
}

TEST(a_warm_connection_needs_none)
{
    httpc_client *client = client_over_both();
    const char *urls[] = {"/echo", text("%s/echo", address("TLS"))};
    for (int i = 0; i < 2; i++) {
        CHECK_CODE(code_of(get(client, urls[i])), HTTPC_OK);
        leave_descriptors(0);
        struct outcome o = get(client, urls[i]);
        more_descriptors();
        CHECK_CODE(o.code, HTTPC_OK);
        done(&o);
    }
    httpc_client_free(client);
}

/* The descriptors of the closed one serve the new one. */
TEST(a_connection_that_the_server_closed_is_replaced)
{
    httpc_client *client = new_client(NULL);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    CHECK_CODE(code_of(get(client, "/once")), HTTPC_OK);
    CHECK_COMES_TRUE(connections_at_server() == 0);
    leave_descriptors(0);
    struct outcome o = get(client, "/echo");
    more_descriptors();
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    httpc_client_free(client);
}

/* Idle connections to other hosts are none of its business, but the refusal must not cost them. */
TEST(a_refused_call_leaves_warm_connections_warm)
{
    httpc_client *client = client_over_both();
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    leave_descriptors(0);
    struct outcome refused = get(client, text("%s/echo", address("TLS")));
    struct outcome o = get(client, "/echo");
    more_descriptors();
    check_resource(refused.code, refused.error);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK(httpc_response_reused(o.response));
    done(&refused);
    done(&o);
    httpc_client_free(client);
}

/* The authorities are read at the first call over TLS: those that could not be are not remembered as none. */
TEST(the_systems_authorities_are_read_once_it_is_possible)
{
    for (unsigned count = 0; count <= ENOUGH; count++) {
        setenv("SSL_CERT_FILE", address("CA"), 1);
        httpc_client *client = new_client(NULL);
        leave_descriptors(count);
        struct outcome o = get(client, text("%s/echo", address("TLS")));
        more_descriptors();
        if (o.code != HTTPC_OK) {
            check_resource(o.code, o.error);
        }
        done(&o);
        o = get(client, text("%s/echo", address("TLS")));
        CHECK_CODE(o.code, HTTPC_OK);
        done(&o);
        httpc_client_free(client);
        unsetenv("SSL_CERT_FILE");
    }
}

/* ---- Waits ---- */

TEST(a_wait_for_a_connection)
{
    httpc_config *config = new_config();
    httpc_config_set_max_connections(config, 1);
    httpc_client *client = new_client(config);
    const char *key = new_key();
    struct call held;
    start_get(&held, client, text("/gate?key=%s", key));
    CHECK_COMES_TRUE(server_count(key) == 1);
    leave_descriptors(0);
    struct outcome o = get(client, "/echo");
    more_descriptors();
    check_resource(o.code, o.error);
    done(&o);
    CHECK_POOL(client, 1, 0, 0, 1, 0);
    open_gate(key, 0);
    end_call(&held, HTTPC_OK);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    httpc_client_free(client);
}

TEST(a_wait_for_a_rate_limiter)
{
    httpc_rate_limiter *limiter = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_rate_limiter_new(1, 100, 1, NULL, &limiter, NULL), HTTPC_OK);
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, 0, NULL, NULL), HTTPC_OK);
    leave_descriptors(0);
    httpc_code code = httpc_rate_limiter_acquire(limiter, 1, HTTPC_FOREVER, NULL, &error);
    more_descriptors();
    check_resource(code, error);
    httpc_error_free(error);
    /* It left no place in the queue: the next token is the next one's. */
    double start = now_ms();
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, HTTPC_FOREVER, NULL, NULL), HTTPC_OK);
    CHECK_MS(now_ms() - start, 0, 190);
    httpc_rate_limiter_free(limiter);
}

/* ---- Objects ---- */

TEST(a_new_client_or_token)
{
    httpc_client *client = NULL;
    httpc_cancel_token *token = NULL;
    httpc_error *errors[2] = {NULL, NULL};
    httpc_config *config = new_config();
    leave_descriptors(0);
    httpc_code codes[2] = {httpc_client_new(config, &client, &errors[0]), httpc_cancel_token_new(&token, &errors[1])};
    more_descriptors();
    for (int i = 0; i < 2; i++) {
        check_resource(codes[i], errors[i]);
        httpc_error_free(errors[i]);
    }
    CHECK(client == NULL && token == NULL);
    client = new_client(config);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    httpc_client_free(client);
}

TEST(a_new_client_with_a_ca_file)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    for (unsigned count = 0; count <= ENOUGH; count++) {
        httpc_client *client = NULL;
        httpc_error *error = NULL;
        leave_descriptors(count);
        httpc_code code = httpc_client_new(config, &client, &error);
        more_descriptors();
        if (code != HTTPC_OK) {
            check_resource(code, error);
        }
        httpc_error_free(error);
        httpc_client_free(client);
    }
    httpc_config_free(config);
}

TEST(a_body_from_a_file)
{
    const char *path = text("body-%s.tmp", new_key());
    FILE *file = fopen(path, "wb");
    if (!CHECK(file != NULL && fputs("body", file) >= 0 && fclose(file) == 0)) {
        return;
    }
    httpc_client *client = new_client(NULL);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    httpc_request *request = new_request("POST", "/echo");
    httpc_request_set_body_file(request, NULL, path);
    leave_descriptors(0);
    struct outcome o = send_request(client, request);
    more_descriptors();
    check_resource(o.code, o.error);
    CHECK_HAS(httpc_error_detail(o.error), path);
    done(&o);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    httpc_request_free(request);
    httpc_client_free(client);
    CHECK(unlink(path) == 0);
}
