/*
 * No thread to be had, no_threads.preload.c: calls run on their caller's, so that all works that needs no lookup of a name,
 * and what does need one says what it lacks.
 */
#define CHECK_SETUP forbid_threads
#include "process.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/time.h>

static volatile int *threads_are_forbidden;

static void forbid_threads(void)
{
    start_with_preload("no_threads");
    threads_are_forbidden = dlsym(RTLD_DEFAULT, "threads_are_forbidden");
    if (threads_are_forbidden != NULL) {
        *threads_are_forbidden = 1;
    }
}

static void *nothing(void *unused)
{
    return unused;
}

TEST(this_process_gets_no_thread)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, nothing, NULL), EAGAIN);
}

static httpc_client *client_over_both(void)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    return new_client(config);
}

TEST(an_address_needs_none)
{
    httpc_client *client = client_over_both();
    const char *port = strrchr(address("TLS"), ':');
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    CHECK_CODE(code_of(post(client, text("https://127.0.0.1%s/echo", port), "none")), HTTPC_OK);
    httpc_client_free(client);
}

TEST(neither_does_a_name_whose_address_is_given)
{
    httpc_config *config = new_config();
    const char *port = strrchr(address("URL"), ':') + 1;
    httpc_config_add_resolve(config, "given.test", (uint16_t)atoi(port), "127.0.0.1");
    httpc_client *client = new_client(config);
    CHECK_CODE(code_of(get(client, text("http://given.test:%s/echo", port))), HTTPC_OK);
    httpc_client_free(client);
}

TEST(timeouts_pauses_and_limits_need_none)
{
    httpc_client *client = client_over_both();
    httpc_request *request = new_request("GET", "/delay/30000");
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 100);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_TOTAL);
    CHECK_MS(o.ms, 100, 350);
    done(&o);
    CHECK_CODE(code_of(get(client, text("/sequence/503,200?key=%s", new_key()))), HTTPC_OK);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(an_engine_without_a_thread_says_so_at_once)
{
    httpc_client *client = client_over_both();
    httpc_request *request = new_request("GET", "/echo");
    httpc_call *call = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_submit(client, request, NULL, NULL, &call, &error), HTTPC_E_RESOURCE);
    CHECK(call == NULL);
    CHECK_HAS(httpc_error_detail(error), "no thread for the engine");
    clean_error(error);
    httpc_error_free(error);
    *threads_are_forbidden = 0;
    CHECK_CODE(httpc_submit(client, request, NULL, NULL, &call, NULL), HTTPC_OK);
    *threads_are_forbidden = 1;
    CHECK_CODE(httpc_call_wait(call, HTTPC_FOREVER, NULL), HTTPC_OK);
    httpc_call_free(call);
    httpc_request_free(request);
    httpc_client_free(client);
}

/* ---- Names, which libcurl looks up in a thread, so that no timeout and no cancel has to wait for it ---- */

static struct outcome get_by_name(httpc_client *client, uint64_t connect_ms)
{
    httpc_request *request = new_request("GET", text("http://name.test%s/echo", strrchr(address("URL"), ':')));
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_CONNECT, connect_ms);
    struct outcome o = send_request(client, request);
    httpc_request_free(request);
    return o;
}

static httpc_client *client_without_retries(void)
{
    httpc_config *config = new_config();
    httpc_config_set_retry(config, NULL);
    return new_client(config);
}

TEST(a_name_that_no_thread_was_there_for_says_so)
{
    httpc_client *client = client_without_retries();
    unsigned descriptors = open_descriptors();
    for (int i = 0; i < 3; i++) {
        struct outcome o = get_by_name(client, 200);
        CHECK_CODE(o.code, HTTPC_E_RESOURCE);
        CHECK_HAS(httpc_error_detail(o.error), "no thread to look up the host name");
        CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
        CHECK_MS(o.ms, has_old_libcurl() ? 0 : 200, 450); /* which does not wait for one */
        clean_error(o.error);
        done(&o);
    }
    CHECK_EQ(open_descriptors(), descriptors);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    httpc_client_free(client);
}

static void allow_threads(int signal)
{
    (void)signal;
    *threads_are_forbidden = 0;
}

/* Another thread may have ended by then. */
TEST(a_name_waits_for_a_thread_as_long_as_it_may)
{
    NEEDS_NEW_LIBCURL("wait for a thread");
    struct sigaction action = {.sa_handler = allow_threads}, old;
    struct itimerval in_a_while = {{0, 0}, {0, 150000}};
    httpc_client *client = client_without_retries();
    CHECK_EQ(sigaction(SIGALRM, &action, &old), 0);
    CHECK_EQ(setitimer(ITIMER_REAL, &in_a_while, NULL), 0);
    struct outcome o = get_by_name(client, 5000);
    *threads_are_forbidden = 1;
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_MS(o.ms, 140, 1000);
    done(&o);
    CHECK_EQ(sigaction(SIGALRM, &old, NULL), 0);
    httpc_client_free(client);
}
