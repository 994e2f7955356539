/*
 * A host with two addresses of which the first, an IPv6 one, leads nowhere, ipv6_hole.preload.c: calls go to the other soon
 * (happy eyeballs, RFC 8305), and leave nothing of the first behind.
 */
#define CHECK_SETUP dig_the_hole
#include "calls.h"

#include <dlfcn.h>
#include <sys/socket.h>

static const unsigned *falls;

static void dig_the_hole(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        skip_all("there is no IPv6 here");
        return;
    }
    close(fd);
    start_with_preload("ipv6_hole");
    falls = dlsym(RTLD_DEFAULT, "falls_into_the_hole");
}

static unsigned falls_so_far(void)
{
    return __atomic_load_n(falls, __ATOMIC_RELAXED);
}

static const char *at_hole(const char *server, const char *path)
{
    return text("http://hole.test%s%s", strrchr(address(server), ':'), path);
}

TEST(the_other_address_answers_soon)
{
    httpc_client *client = new_client(NULL);
    unsigned before = falls_so_far();
    struct outcome o = get(client, at_hole("URL", "/echo"));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 1);
    /* libcurl's head start for IPv6 is 200 ms (CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS). */
    CHECK_MS(o.ms, 150, 1000);
    CHECK(falls_so_far() > before);
    CHECK_HAS(httpc_attempt_peer(attempt(&o, 0)), "127.0.0.1:");
    done(&o);
    httpc_client_free(client);
}

TEST(one_connection_is_kept_and_counted_and_no_descriptor_lost)
{
    httpc_client *client = new_client(NULL);
    unsigned descriptors = open_descriptors();
    CHECK_CODE(code_of(get(client, at_hole("URL", "/echo"))), HTTPC_OK);
    CHECK_POOL(client, 0, 1, 0, 1, 0);
    struct outcome o = get(client, at_hole("URL", "/echo"));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK(httpc_response_reused(o.response));
    CHECK_MS(o.ms, 0, 150);
    done(&o);
    CHECK_POOL(client, 0, 1, 0, 1, 1);
    httpc_client_free(client);
    CHECK_COMES_TRUE(open_descriptors() <= descriptors);
}

TEST(a_post_is_sent_once)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    CHECK_CODE(code_of(post(client, at_hole("URL", text("/echo?key=%s", key)), "once")), HTTPC_OK);
    CHECK_EQ(server_count(key), 1);
    httpc_client_free(client);
}

TEST(a_connect_timeout_below_the_head_start_is_kept)
{
    httpc_config *config = new_config();
    httpc_config_set_retry(config, NULL);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_CONNECT, 100);
    httpc_client *client = new_client(config);
    struct outcome o = get(client, at_hole("URL", "/echo"));
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_CONNECT);
    CHECK_MS(o.ms, 100, 350);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    clean_error(o.error);
    done(&o);
    httpc_client_free(client);
}

TEST(both_addresses_may_lead_nowhere)
{
    httpc_config *config = new_config();
    httpc_config_set_retry(config, NULL);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_CONNECT, 500);
    httpc_client *client = new_client(config);
    struct outcome o = get(client, at_hole("BLACKHOLE", "/"));
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_CONNECT);
    CHECK_MS(o.ms, 500, 750);
    done(&o);
    httpc_client_free(client);
}

TEST(a_cancel_ends_both_tries)
{
    httpc_client *client = new_client(NULL);
    httpc_cancel_token *token = NULL;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    httpc_request *request = new_request("GET", at_hole("BLACKHOLE", "/"));
    httpc_request_set_cancel_token(request, token);
    unsigned before = falls_so_far();
    struct call call;
    start_call(&call, client, request);
    CHECK_COMES_TRUE(falls_so_far() > before);
    double start = now_ms();
    httpc_cancel_token_cancel(token);
    end_call(&call, HTTPC_E_CANCELLED);
    CHECK_MS(now_ms() - start, 0, 250);
    httpc_cancel_token_free(token);
    httpc_client_free(client);
}
