/*
 * After fork(): what the parent made is refused in the child, and nothing that the child does with it, up to its end,
 * touches what belongs to the parent. What the child makes itself works.
 */
#include "process.h"

#include <sys/socket.h>

#define WORKERS 4

static httpc_rate_limiter *new_limiter(void)
{
    httpc_rate_limiter *limiter = NULL;
    CHECK_CODE(httpc_rate_limiter_new(1, 3600000, 1, NULL, &limiter, NULL), HTTPC_OK);
    return limiter;
}

static httpc_cancel_token *new_token(void)
{
    httpc_cancel_token *token = NULL;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    return token;
}

/* Checks and frees both. */
static void check_forked(httpc_code code, httpc_error *error)
{
    CHECK_CODE(code, HTTPC_E_FORKED);
    CHECK_CODE(httpc_error_code(error), HTTPC_E_FORKED);
    CHECK_HAS(httpc_error_detail(error), "before fork()");
    clean_error(error);
    httpc_error_free(error);
}

/* ---- What the parent made ---- */

static int use_the_parents_client(void *client)
{
    httpc_error *error = NULL;
    httpc_stats *stats = NULL;
    struct outcome o = get(client, "/echo");
    check_forked(o.code, o.error);
    CHECK(o.response == NULL);
    httpc_code code = httpc_client_stats(client, &stats, &error);
    check_forked(code, error);
    code = httpc_client_close(client, HTTPC_FOREVER, &error);
    check_forked(code, error);
    httpc_client_free(client);
    return check_failures;
}

TEST(a_client_is_refused_and_may_be_freed)
{
    httpc_client *client = new_client(NULL);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    CHECK_EQ(in_child(use_the_parents_client, client), 0);
    httpc_client_free(client);
}

/* A close_notify or a FIN of the child's would end it, a request of the child's would be answered on it. */
TEST(the_parents_connections_stay_usable)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_client *client = new_client(config);
    const char *urls[] = {"/echo", text("%s/echo", address("TLS"))};
    for (int i = 0; i < 2; i++) {
        CHECK_CODE(code_of(get(client, urls[i])), HTTPC_OK);
    }
    CHECK_EQ(in_child(use_the_parents_client, client), 0);
    for (int i = 0; i < 2; i++) {
        struct outcome o = get(client, urls[i]);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(attempts(&o), 1);
        CHECK(httpc_response_reused(o.response));
        done(&o);
    }
    httpc_client_free(client);
}

static int wait_with_the_parents_token(void *token)
{
    httpc_error *error = NULL;
    httpc_rate_limiter *limiter = new_limiter();
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, 0, NULL, NULL), HTTPC_OK);
    httpc_code code = httpc_rate_limiter_acquire(limiter, 1, HTTPC_FOREVER, token, &error);
    check_forked(code, error);
    httpc_client *own = new_client(NULL);
    httpc_request *request = new_request("GET", "/echo");
    httpc_request_set_cancel_token(request, token);
    struct outcome o = send_request(own, request);
    check_forked(o.code, o.error);
    httpc_request_free(request);
    httpc_client_free(own);
    httpc_rate_limiter_free(limiter);
    httpc_cancel_token_cancel(token);
    httpc_cancel_token_free(token);
    return check_failures;
}

TEST(a_cancel_token_serves_the_parent_only)
{
    httpc_cancel_token *token = new_token();
    CHECK_EQ(in_child(wait_with_the_parents_token, token), 0);
    CHECK(!httpc_cancel_token_is_cancelled(token));
    httpc_cancel_token_free(token);
}

static int32_t never_run(void *userdata, uint32_t number, uint64_t left_ms, uint64_t *retry_after_ms)
{
    (void)userdata;
    (void)number;
    (void)left_ms;
    (void)retry_after_ms;
    check_fail(__FILE__, __LINE__, "ran");
    return HTTPC_OUTCOME_SUCCESS;
}

static int run_with_the_parents_token(void *token)
{
    httpc_error *error = NULL;
    httpc_code code = httpc_retry_run(NULL, 0, token, NULL, never_run, NULL, &error);
    check_forked(code, error);
    return check_failures;
}

TEST(a_retry_loop_does_not_begin_with_the_parents_token)
{
    httpc_cancel_token *token = new_token();
    CHECK_EQ(in_child(run_with_the_parents_token, token), 0);
    httpc_cancel_token_free(token);
}

static int use_the_parents_limiter(void *limiter)
{
    httpc_error *error = NULL;
    uint64_t wait_ms = 0;
    httpc_code code = httpc_rate_limiter_acquire(limiter, 1, HTTPC_FOREVER, NULL, &error);
    check_forked(code, error);
    code = httpc_rate_limiter_try(limiter, 1, &wait_ms, &error);
    check_forked(code, error);
    httpc_config *config = new_config();
    httpc_config_add_rate_limiter(config, limiter);
    httpc_client *own = new_client(config);
    struct outcome o = get(own, "/echo");
    check_forked(o.code, o.error);
    httpc_client_free(own);
    httpc_rate_limiter_free(limiter);
    return check_failures;
}

TEST(a_rate_limiter_serves_the_parent_only)
{
    httpc_rate_limiter *limiter = new_limiter();
    CHECK_EQ(in_child(use_the_parents_limiter, limiter), 0);
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, 0, NULL, NULL), HTTPC_OK);
    httpc_rate_limiter_free(limiter);
}

static int32_t succeed(void *userdata, uint32_t attempt, uint64_t left_ms, uint64_t *retry_after_ms)
{
    (void)userdata, (void)attempt, (void)left_ms, (void)retry_after_ms;
    return HTTPC_OUTCOME_SUCCESS;
}

static int use_the_parents_clock(void *clock)
{
    httpc_error *error = NULL;
    httpc_rate_limiter *limiter = NULL;
    httpc_client *client = NULL;
    httpc_config *config = new_config();
    httpc_mock *mock = NULL;
    CHECK_CODE(httpc_clock_advance(clock, 1), HTTPC_E_FORKED);
    CHECK_CODE(httpc_clock_set_manual(clock, 1), HTTPC_E_FORKED);
    CHECK_CODE(httpc_clock_add_threads(clock, 1), HTTPC_E_FORKED);
    CHECK_EQ(httpc_clock_now_ms(clock), 7);
    httpc_code code = httpc_retry_run(NULL, 0, NULL, clock, succeed, NULL, &error);
    check_forked(code, error);
    code = httpc_rate_limiter_new(1, 1000, 1, clock, &limiter, &error);
    check_forked(code, error);
    CHECK_CODE(httpc_mock_new(&mock, NULL), HTTPC_OK);
    httpc_config_set_mock(config, mock);
    httpc_config_set_clock(config, clock);
    code = httpc_client_new(config, &client, &error);
    check_forked(code, error);
    httpc_config_free(config);
    httpc_mock_free(mock);
    httpc_clock_free(clock);
    return check_failures;
}

TEST(a_clock_serves_the_parent_only)
{
    httpc_clock *clock = NULL;
    CHECK_CODE(httpc_clock_new(&clock, NULL), HTTPC_OK);
    httpc_clock_advance(clock, 7);
    CHECK_EQ(in_child(use_the_parents_clock, clock), 0);
    CHECK_CODE(httpc_clock_advance(clock, 1), HTTPC_OK);
    httpc_clock_free(clock);
}

struct plain_objects {
    httpc_config *config;
    httpc_request *request;
    httpc_retry_policy *policy;
    struct outcome kept;
};

static int use_plain_objects(void *argument)
{
    struct plain_objects *objects = argument;
    httpc_config_set_retry(objects->config, objects->policy);
    httpc_client *own = new_client(objects->config);
    CHECK_CODE(code_of(send_request(own, objects->request)), HTTPC_OK);
    CHECK_EQ(httpc_response_status(objects->kept.response), 200);
    done(&objects->kept);
    httpc_request_free(objects->request);
    httpc_retry_policy_free(objects->policy);
    httpc_client_free(own);
    return check_failures;
}

TEST(configs_requests_policies_and_responses_serve_both)
{
    httpc_client *client = new_client(NULL);
    struct plain_objects objects = {new_config(), new_request("GET", "/echo"), new_policy(), get(client, "/echo")};
    CHECK_EQ(in_child(use_plain_objects, &objects), 0);
    CHECK_CODE(code_of(send_request(client, objects.request)), HTTPC_OK);
    CHECK_EQ(httpc_response_status(objects.kept.response), 200);
    done(&objects.kept);
    httpc_request_free(objects.request);
    httpc_retry_policy_free(objects.policy);
    httpc_config_free(objects.config);
    httpc_client_free(client);
}

/* ---- What the child makes ---- */

static int post_with_a_random_key(void *log_key)
{
    httpc_client *own = new_client(NULL);
    httpc_request *request = new_request("POST", text("/echo?key=%s", (const char *)log_key));
    httpc_request_set_idempotency_key(request, NULL);
    CHECK_CODE(code_of(send_request(own, request)), HTTPC_OK);
    httpc_request_free(request);
    httpc_client_free(own);
    return check_failures;
}

/* A server would take the second for a repetition of the first, and do nothing. */
TEST(children_of_one_parent_make_different_idempotency_keys)
{
    const char *key = new_key();
    post_with_a_random_key((void *)key);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(in_child(post_with_a_random_key, (void *)key), 0);
    }
    httpc_response *log = server_log(key);
    const char *keys[3];
    for (unsigned i = 0; i < 3; i++) {
        keys[i] = logged(log, i, "headers/idempotency-key/0");
        CHECK(keys[i] != NULL);
    }
    for (unsigned i = 0; i < 3 && keys[i] != NULL; i++) {
        CHECK(strcmp(keys[i], keys[(i + 1) % 3]) != 0);
    }
    httpc_response_free(log);
}

/* The first delays of a loop, as far as an exit code goes. */
static int delay_of_a_new_loop(void *policy)
{
    httpc_retry *retry = NULL;
    uint64_t delay_ms = 0;
    int32_t stop = 0;
    CHECK_CODE(httpc_retry_new(policy, 1, 0, 0, &retry, NULL), HTTPC_OK);
    CHECK_CODE(httpc_retry_next(retry, HTTPC_OUTCOME_NEVER_SENT, 0, HTTPC_UNSET, 0, &delay_ms, &stop, NULL), HTTPC_OK);
    httpc_retry_free(retry);
    return (int)(delay_ms % 256);
}

TEST(children_of_one_parent_wait_for_different_times)
{
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_backoff(policy, 3600000, 1.0, 3600000);
    int first = in_child(delay_of_a_new_loop, policy);
    bool differ = false;
    for (int i = 0; i < 8 && !differ; i++) {
        differ = in_child(delay_of_a_new_loop, policy) != first;
    }
    CHECK(differ);
    httpc_retry_policy_free(policy);
}

/* ---- A program with threads ---- */

static bool stop_calling;

static void *call_until_told(void *client)
{
    while (!__atomic_load_n(&stop_calling, __ATOMIC_RELAXED)) {
        CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    }
    return NULL;
}

/* The threads of the parent, with whatever locks they hold, do not exist in the child. */
static int all_of_the_childs_own(void *client)
{
    use_the_parents_client(client);
    httpc_client *own = new_client(NULL);
    httpc_cancel_token *token = new_token();
    httpc_rate_limiter *limiter = new_limiter();
    httpc_request *request = new_request("POST", "/echo");
    httpc_request_set_cancel_token(request, token);
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, 0, token, NULL), HTTPC_OK);
    CHECK_CODE(code_of(send_request(own, request)), HTTPC_OK);
    httpc_request_free(request);
    httpc_rate_limiter_free(limiter);
    httpc_cancel_token_free(token);
    httpc_client_free(own);
    return check_failures;
}

TEST(a_program_may_fork_while_its_threads_call)
{
    httpc_client *client = new_client(NULL);
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, call_until_told, client), 0);
    }
    for (int i = 0; i < (UNDER_ASAN ? 20 : 100); i++) {
        CHECK_EQ(in_child(all_of_the_childs_own, client), 0);
    }
    __atomic_store_n(&stop_calling, true, __ATOMIC_RELAXED);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    httpc_client_free(client);
}

/* ---- Programs that a call's process starts ---- */

/* The pair that it is woken by. */
static bool is_own_of_old_libcurl(int descriptor)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    return has_old_libcurl() && getsockname(descriptor, (struct sockaddr *)&name, &length) == 0 &&
           name.ss_family == AF_UNIX;
}

static void check_closes_on_exec(const char *name, void *before)
{
    int descriptor = atoi(name);
    if (!((const bool *)before)[descriptor % 1024]) {
        int flags = fcntl(descriptor, F_GETFD);
        CHECK(flags == -1 || (flags & FD_CLOEXEC) != 0 || is_own_of_old_libcurl(descriptor));
    }
}

static void note_descriptor(const char *name, void *before)
{
    ((bool *)before)[atoi(name) % 1024] = true;
}

struct gated_call {
    httpc_client *client;
    httpc_request *request;
};

static void *call_at_gate(void *argument)
{
    struct gated_call *call = argument;
    CHECK_CODE(code_of(send_request(call->client, call->request)), HTTPC_OK);
    return NULL;
}

TEST(no_descriptor_is_inherited_by_a_started_program)
{
    bool before[1024] = {false};
    each_of_self("fd", note_descriptor, before);
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    const char *key = new_key();
    httpc_cancel_token *token = new_token();
    struct gated_call call = {new_client(config), new_request("GET", text("/gate?key=%s", key))};
    httpc_request_set_cancel_token(call.request, token);
    CHECK_CODE(code_of(get(call.client, text("%s/echo", address("TLS")))), HTTPC_OK);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, call_at_gate, &call), 0);
    CHECK_COMES_TRUE(server_count(key) == 1);
    CHECK(open_descriptors() > 4);
    each_of_self("fd", check_closes_on_exec, before);
    struct outcome opened = ask_server(text("/_open?key=%s", key));
    done(&opened);
    pthread_join(thread, NULL);
    httpc_request_free(call.request);
    httpc_cancel_token_free(token);
    httpc_client_free(call.client);
}
