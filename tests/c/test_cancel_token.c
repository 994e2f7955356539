/* Cancel tokens: they end a call whatever it waits for, within milliseconds, from another thread or a signal handler. */
#include "server.h"

#include <sys/wait.h>

#include <pthread.h>
#include <signal.h>

/* Generous for a loaded machine, and far below every wait that is cancelled here. */
#define SOON_MS 250

static httpc_cancel_token *new_token(void)
{
    httpc_cancel_token *token = NULL;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    return token;
}

/* Triggers the token when `milliseconds` of the call have passed. */
struct canceller {
    pthread_t thread;
    httpc_cancel_token *token;
    double when, cancelled_at;
};

static void *cancel_later(void *argument)
{
    struct canceller *c = argument;
    wait_until_ms(c->when);
    c->cancelled_at = now_ms();
    httpc_cancel_token_cancel(c->token);
    return NULL;
}

/* Sends and frees the request, cancels it after `ms`, and checks that it ends then and not before. */
static struct outcome cancelled_call(httpc_client *client, httpc_request *request, double ms)
{
    struct canceller c = {.token = new_token(), .when = now_ms() + ms, .cancelled_at = 0};
    CHECK_CODE(httpc_request_set_cancel_token(request, c.token), HTTPC_OK);
    CHECK_EQ(pthread_create(&c.thread, NULL, cancel_later, &c), 0);
    struct outcome o = send_request(client, request);
    double end = now_ms();
    pthread_join(c.thread, NULL);
    CHECK_CODE(o.code, HTTPC_E_CANCELLED);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_CANCELLED);
    CHECK_MS(end - c.cancelled_at, 0, SOON_MS);
    clean_error(o.error);
    httpc_cancel_token_free(c.token);
    httpc_request_free(request);
    return o;
}

TEST(it_ends_a_call_that_waits_for_the_server)
{
    static const char *const waits[] = {
        "/delay/30000", "/stall-body", "/trickle?bytes=100000&interval=10", "/slow-head?interval=200", "/endless",
    };
    httpc_config *config = new_config();
    httpc_config_set_max_body(config, UINT64_C(1) << 40);
    httpc_client *client = new_client(config);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        struct outcome o = cancelled_call(client, new_request("GET", waits[i]), 60);
        CHECK_EQ(attempts(&o), 1);
        CHECK_CODE(httpc_attempt_code(attempt(&o, 0)), HTTPC_E_CANCELLED);
        CHECK(httpc_error_send_state(o.error) != HTTPC_SENT_NEVER_SENT);
        done(&o);
        CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    }
    httpc_client_free(client);
}

TEST(it_ends_an_upload_that_stalls)
{
    static char big[8 << 20];
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("POST", "/stall-upload");
    httpc_request_set_body(request, NULL, big, sizeof big);
    struct outcome o = cancelled_call(client, request, 60);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_MAYBE_SENT);
    done(&o);
    httpc_client_free(client);
}

TEST(it_ends_connecting_and_the_tls_handshake)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = cancelled_call(client, new_request("GET", address("BLACKHOLE")), 60);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    done(&o);
    o = cancelled_call(client, new_request("GET", address("TLS_STALL")), 60);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    done(&o);
    httpc_client_free(client);
}

TEST(it_ends_the_pause_before_a_retry)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    struct outcome o = cancelled_call(client, new_request("GET", text("/sequence/503@30,200?key=%s", key)), 100);
    CHECK_EQ(attempts(&o), 1);
    done(&o);
    CHECK_EQ(server_count(key), 1);
    httpc_client_free(client);
}

struct background {
    pthread_t thread;
    httpc_client *client;
    httpc_request *request;
    httpc_code code;
};

static void *send_in_background(void *argument)
{
    struct background *b = argument;
    b->code = code_of(send_request(b->client, b->request));
    return NULL;
}

/* Until the server has seen `count` requests of this key. */
static void wait_for_requests(const char *key, long count)
{
    double limit = now_ms() + 10000;
    while (server_count(key) < count && CHECK(now_ms() < limit)) {
        wait_until_ms(now_ms() + 1);
    }
}

TEST(it_ends_the_wait_for_a_connection)
{
    httpc_config *config = new_config();
    httpc_config_set_max_connections(config, 1);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_POOL, 0);
    httpc_client *client = new_client(config);
    const char *key = new_key();
    struct background b = {.client = client, .request = new_request("GET", text("/delay/30000?key=%s", key))};
    httpc_cancel_token *token = new_token();
    httpc_request_set_cancel_token(b.request, token);
    CHECK_EQ(pthread_create(&b.thread, NULL, send_in_background, &b), 0);
    wait_for_requests(key, 1);

    const char *waiting = new_key();
    struct outcome o = cancelled_call(client, new_request("GET", text("/echo?key=%s", waiting)), 60);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    CHECK_EQ(server_count(waiting), 0);
    done(&o);

    httpc_cancel_token_cancel(token);
    pthread_join(b.thread, NULL);
    CHECK_CODE(b.code, HTTPC_E_CANCELLED);
    /* The one that was waiting leaves no hole in the queue. */
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    httpc_request_free(b.request);
    httpc_cancel_token_free(token);
    httpc_client_free(client);
}

TEST(it_is_sticky_and_a_call_that_starts_later_sends_nothing)
{
    httpc_client *client = new_client(NULL);
    httpc_cancel_token *token = new_token();
    const char *key = new_key();
    httpc_request *request = new_request("GET", text("/echo?key=%s", key));
    httpc_request_set_cancel_token(request, token);
    CHECK(!httpc_cancel_token_is_cancelled(token));
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    httpc_cancel_token_cancel(token);
    httpc_cancel_token_cancel(token);
    CHECK(httpc_cancel_token_is_cancelled(token));
    for (int i = 0; i < 2; i++) {
        struct outcome o = send_request(client, request);
        CHECK_CODE(o.code, HTTPC_E_CANCELLED);
        CHECK_EQ(attempts(&o), 0);
        CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
        done(&o);
    }
    CHECK_EQ(server_count(key), 1);
    CHECK_CODE(httpc_request_set_cancel_token(request, NULL), HTTPC_OK);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    httpc_request_free(request);
    httpc_cancel_token_free(token);
    httpc_client_free(client);
}

TEST(the_request_keeps_a_reference)
{
    httpc_client *client = new_client(NULL);
    httpc_cancel_token *token = new_token();
    httpc_request *request = new_request("GET", "/echo");
    httpc_request_set_cancel_token(request, token);
    httpc_cancel_token_cancel(token);
    httpc_cancel_token_free(token);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_E_CANCELLED);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(one_token_ends_many_calls)
{
    enum { CALLS = 8 };
    struct background calls[CALLS];
    httpc_client *client = new_client(NULL);
    httpc_cancel_token *token = new_token();
    const char *key = new_key();
    for (int i = 0; i < CALLS; i++) {
        calls[i] = (struct background){.client = client, .request = new_request("GET", text("/delay/30000?key=%s", key))};
        httpc_request_set_cancel_token(calls[i].request, token);
        CHECK_EQ(pthread_create(&calls[i].thread, NULL, send_in_background, &calls[i]), 0);
    }
    wait_for_requests(key, CALLS);
    double start = now_ms();
    httpc_cancel_token_cancel(token);
    for (int i = 0; i < CALLS; i++) {
        pthread_join(calls[i].thread, NULL);
        CHECK_CODE(calls[i].code, HTTPC_E_CANCELLED);
        httpc_request_free(calls[i].request);
    }
    CHECK_MS(now_ms() - start, 0, SOON_MS);
    httpc_cancel_token_free(token);
    httpc_client_free(client);
}

static httpc_cancel_token *signalled;

static void on_signal(int number)
{
    (void)number;
    httpc_cancel_token_cancel(signalled);
}

static void *raise_later(void *main_thread)
{
    wait_until_ms(now_ms() + 60);
    pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
    return NULL;
}

TEST(a_signal_handler_may_cancel)
{
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    CHECK_EQ(sigaction(SIGUSR1, &action, &old), 0);
    signalled = new_token();
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("GET", "/delay/30000");
    httpc_request_set_cancel_token(request, signalled);
    pthread_t self = pthread_self(), thread;
    CHECK_EQ(pthread_create(&thread, NULL, raise_later, &self), 0);
    struct outcome o = send_request(client, request);
    pthread_join(thread, NULL);
    CHECK_CODE(o.code, HTTPC_E_CANCELLED);
    CHECK_MS(o.ms, 50, 60 + SOON_MS);
    done(&o);
    sigaction(SIGUSR1, &old, NULL);
    httpc_request_free(request);
    httpc_cancel_token_free(signalled);
    httpc_client_free(client);
}

/* A signal without a meaning for the library only interrupts system calls. */
static void ignore(int number)
{
    (void)number;
}

TEST(a_signal_alone_ends_nothing)
{
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_handler = ignore;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, &old);
    httpc_client *client = new_client(NULL);
    pthread_t self = pthread_self(), thread;
    CHECK_EQ(pthread_create(&thread, NULL, raise_later, &self), 0);
    struct outcome o = get(client, "/delay/150");
    pthread_join(thread, NULL);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 1);
    CHECK_MS(o.ms, 150, 2000);
    done(&o);
    sigaction(SIGUSR1, &old, NULL);
    httpc_client_free(client);
}

TEST(null_is_fine)
{
    httpc_cancel_token_cancel(NULL);
    httpc_cancel_token_free(NULL);
    CHECK(!httpc_cancel_token_is_cancelled(NULL));
}

TEST(a_token_triggered_in_a_forked_child_leaves_the_parent_alone)
{
    httpc_client *client = new_client(NULL);
    httpc_cancel_token *token = NULL;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    httpc_request *request = new_request("GET", "/delay/500");
    httpc_request_set_cancel_token(request, token);
    pid_t child = fork();
    if (child == 0) {
        httpc_cancel_token_cancel(token);
        httpc_client *own = new_client(NULL);
        struct outcome o = send_request(own, request);
        _exit(o.code == HTTPC_E_FORKED ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
    clock_t before = clock();
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    /* It waits, and does not spin. */
    CHECK((clock() - before) * 1000 / CLOCKS_PER_SEC < 300);
    httpc_request_free(request);
    httpc_cancel_token_free(token);
    httpc_client_free(client);
}
