/*
 * The end of the process and of its threads: exit() keeps its code and is prompt whatever the library is doing in other
 * threads, and clients serve for as long as there is code that runs.
 */
#include "process.h"

#define EXIT_CODE 7
#define ROUNDS 10

static httpc_client *client_over_tls(bool reuses)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_base_url(config, address("TLS"));
    httpc_config_set_max_idle(config, reuses ? 20 : 0);
    return new_client(config);
}

/* ---- exit() during calls ---- */

/* Static, so that what exit() leaves behind is no leak. */
static httpc_client *plain, *secure, *narrow, *slow;
static unsigned begun;

static void begin(void)
{
    __atomic_add_fetch(&begun, 1, __ATOMIC_RELAXED);
}

static void *call_for_ever(void *url)
{
    for (bool first = true;; first = false) {
        struct outcome o = get(url == NULL ? secure : plain, url == NULL ? "/bytes/20000" : url);
        done(&o);
        if (first) {
            begin();
        }
    }
    return NULL;
}

static void *wait_for_ever(void *client)
{
    begin();
    struct outcome o = get(*(httpc_client **)client, "/gate?key=never");
    done(&o);
    return NULL;
}

static void start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, run, argument), 0);
    pthread_detach(thread);
}

/* One thread in each thing that a call can be doing, and several in those that change from moment to moment. */
static void start_calls(void)
{
    httpc_rate_limiter *limiter = NULL;
    plain = new_client(NULL);
    secure = client_over_tls(false);
    httpc_config *config = new_config();
    httpc_config_set_max_connections(config, 1);
    narrow = new_client(config);
    config = new_config();
    CHECK_CODE(httpc_rate_limiter_new(1, 3600000, 1, NULL, &limiter, NULL), HTTPC_OK);
    httpc_config_add_rate_limiter(config, limiter);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 0);
    httpc_rate_limiter_free(limiter);
    slow = new_client(config);
    for (int i = 0; i < 2; i++) {
        start(wait_for_ever, &plain);
        start(wait_for_ever, &narrow);
        start(wait_for_ever, &slow);
    }
    for (int i = 0; i < 3; i++) {
        start(call_for_ever, NULL);
        start(call_for_ever, "/echo");
    }
    CHECK_COMES_TRUE(__atomic_load_n(&begun, __ATOMIC_RELAXED) == 12);
}

static int exit_during_calls(void *unused)
{
    (void)unused;
    start_calls();
    exit(check_failures == 0 ? EXIT_CODE : 1);
}

static void *exit_here(void *unused)
{
    (void)unused;
    begin();
    exit(check_failures == 0 ? EXIT_CODE : 1);
}

static int exit_in_a_thread(void *unused)
{
    (void)unused;
    start_calls();
    start(exit_here, NULL);
    wait_for_ever(&plain);
    return 1;
}

TEST(exit_is_prompt_during_calls_and_keeps_its_code)
{
    for (int i = 0; i < ROUNDS; i++) {
        double begin = now_ms();
        CHECK_EQ(in_child(exit_during_calls, NULL), EXIT_CODE);
        CHECK_MS(now_ms() - begin, 0, 5000);
    }
}

TEST(any_thread_may_call_exit)
{
    CHECK_EQ(in_child(exit_in_a_thread, NULL), EXIT_CODE);
}

static void exit_at_first_line(void *userdata, httpc_log_level level, const char *line)
{
    (void)userdata;
    (void)level;
    (void)line;
    exit(EXIT_CODE);
}

static int exit_in_a_callback(void *unused)
{
    (void)unused;
    httpc_config *config = new_config();
    httpc_config_set_log(config, HTTPC_LOG_TRACE, exit_at_first_line, NULL, NULL);
    plain = new_client(config);
    struct outcome o = get(plain, "/echo");
    done(&o);
    return 1;
}

TEST(a_callback_may_call_exit)
{
    CHECK_EQ(in_child(exit_in_a_callback, NULL), EXIT_CODE);
}

static int exit_with_warm_clients(void *unused)
{
    (void)unused;
    plain = new_client(NULL);
    secure = client_over_tls(true);
    bool good = code_of(get(plain, "/echo")) == HTTPC_OK && code_of(get(secure, "/echo")) == HTTPC_OK;
    exit(good ? EXIT_CODE : 1);
}

TEST(clients_need_not_be_freed_before_exit)
{
    CHECK_EQ(in_child(exit_with_warm_clients, NULL), EXIT_CODE);
}

/* ---- Code that runs late ---- */

static bool all_calls_work(void)
{
    bool good = CHECK_CODE(code_of(get(plain, "/echo")), HTTPC_OK);
    good &= CHECK_CODE(code_of(get(secure, "/echo")), HTTPC_OK);
    httpc_client *fresh = new_client(NULL);
    good &= CHECK_CODE(code_of(post(fresh, "/echo", "late")), HTTPC_OK);
    httpc_client_free(fresh);
    /* One without a base URL remembers where a thread's last URL led to. */
    httpc_client *plainest = NULL;
    good &= CHECK_CODE(httpc_client_new(NULL, &plainest, NULL), HTTPC_OK);
    good &= CHECK_CODE(code_of(get(plainest, text("%s/echo", address("URL")))), HTTPC_OK);
    httpc_client_free(plainest);
    return good;
}

static void call_at_exit(void)
{
    bool good = all_calls_work();
    httpc_client_free(plain);
    httpc_client_free(secure);
    _exit(good ? EXIT_CODE : 1);
}

/* Registered before the first call and run after it. */
static int exit_into_a_handler(void *unused)
{
    (void)unused;
    atexit(call_at_exit);
    plain = new_client(NULL);
    secure = client_over_tls(true);
    exit(all_calls_work() ? 0 : 1);
}

TEST(an_atexit_handler_may_call)
{
    CHECK_EQ(in_child(exit_into_a_handler, NULL), EXIT_CODE);
}

static unsigned good_destructors;

static void call_at_thread_exit(void *unused)
{
    (void)unused;
    __atomic_add_fetch(&good_destructors, all_calls_work(), __ATOMIC_RELAXED);
}

static void *call_and_end(void *key)
{
    pthread_setspecific(*(pthread_key_t *)key, key);
    all_calls_work();
    return NULL;
}

TEST(a_destructor_of_thread_specific_data_may_call)
{
    pthread_key_t key;
    pthread_t thread;
    CHECK_EQ(pthread_key_create(&key, call_at_thread_exit), 0);
    plain = new_client(NULL);
    secure = client_over_tls(true);
    CHECK_EQ(pthread_create(&thread, NULL, call_and_end, &key), 0);
    pthread_join(thread, NULL);
    CHECK_EQ(good_destructors, 1);
    httpc_client_free(plain);
    httpc_client_free(secure);
    pthread_key_delete(key);
}

/* ---- Threads that come and go ---- */

static void *call_once(void *client)
{
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    return NULL;
}

static void run_threads(httpc_client *client, int count)
{
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, call_once, client), 0);
        pthread_join(thread, NULL);
    }
}

TEST(a_thread_leaves_nothing_behind)
{
    httpc_client *client = new_client(NULL);
    run_threads(client, 100);
    unsigned descriptors = open_descriptors(), threads = running_threads();
    long resident = resident_kb();
    run_threads(client, 1000);
    CHECK_EQ(open_descriptors(), descriptors);
    CHECK_EQ(running_threads(), threads);
    if (!UNDER_ASAN) { /* whose quarantine grows */
        CHECK_BETWEEN(resident_kb() - resident, -100000, 500);
    }
    httpc_client_free(client);
}
