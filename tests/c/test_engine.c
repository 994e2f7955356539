/*
 * Engine threads as a program sees them: started by the first submission, named, deaf to signals, gone with the client,
 * and no obstacle to exit().
 */
#include "async.h"

#include <signal.h>

#define EXIT_CODE 7

/* ---- Threads ---- */

TEST(engine_threads_are_started_by_the_first_submission_and_end_with_their_client)
{
    unsigned before = running_threads();
    for (unsigned threads = 1; threads <= 3; threads++) {
        httpc_config *config = new_config();
        httpc_config_set_engine_threads(config, threads);
        httpc_client *client = new_client(config);
        CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
        CHECK_EQ(running_threads(), before);
        for (int i = 0; i < 5; i++) {
            CHECK_CODE(code_of(submit_and_wait(client, new_request("GET", "/echo"))), HTTPC_OK);
            CHECK_EQ(running_threads(), before + threads);
        }
        httpc_client_free(client);
        CHECK_COMES_TRUE(running_threads() == before);
    }
}

/* Whether it was about to sleep or to work when it was told. */
TEST(an_idle_or_busy_engine_ends_at_once_when_its_client_is_freed)
{
    for (int i = 0; i < 200; i++) {
        httpc_client *client = new_client(NULL);
        struct completion c = COMPLETION;
        httpc_call_free(submit(client, new_request("GET", i % 2 ? "/echo" : "/delay/30000"), completed, &c));
        if (i % 2) {
            await_completion(&c);
        }
        double start = now_ms();
        httpc_client_free(client);
        if (!CHECK_MS(now_ms() - start, 0, 1000)) {
            break;
        }
        CHECK_EQ(c.count, 1);
        done(&c.outcome);
    }
}

static void look_at_thread(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    char name[16] = "";
    sigset_t blocked;
    sigemptyset(&blocked);
    CHECK_EQ(pthread_getname_np(pthread_self(), name, sizeof name), 0);
    CHECK_STR(name, "httpclient-0");
    pthread_attr_t attributes;
    size_t stack = 0;
    CHECK_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
    CHECK_EQ(pthread_attr_getstacksize(&attributes, &stack), 0);
    CHECK_BETWEEN(stack, 2 << 20, (2 << 20) + (1 << 16)); /* and the guard */
    pthread_attr_destroy(&attributes);
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
    CHECK(sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGCHLD));
    CHECK(sigismember(&blocked, SIGALRM) && sigismember(&blocked, SIGPROF) && sigismember(&blocked, SIGUSR1));
    completed(userdata, code, response, error);
}

TEST(an_engine_thread_has_a_name_and_a_stack_and_blocks_all_signals)
{
    httpc_client *client = new_client(NULL);
    struct completion c = COMPLETION;
    httpc_call_free(submit(client, new_request("GET", "/echo"), look_at_thread, &c));
    await_completion(&c);
    httpc_client_free(client);
    done(&c.outcome);
}

static pthread_t handled_on;
static volatile sig_atomic_t handled;

static void note_thread(int signal)
{
    (void)signal;
    handled_on = pthread_self();
    handled = 1;
}

TEST(a_signal_of_the_process_is_handled_by_one_of_the_programs_threads)
{
    struct sigaction action = {.sa_handler = note_thread}, before;
    httpc_client *client = new_client(NULL);
    CHECK_CODE(code_of(submit_and_wait(client, new_request("GET", "/echo"))), HTTPC_OK);
    CHECK_EQ(sigaction(SIGUSR1, &action, &before), 0);
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    CHECK_COMES_TRUE(handled);
    CHECK(pthread_equal(handled_on, pthread_self()));
    CHECK_EQ(sigaction(SIGUSR1, &before, NULL), 0);
    httpc_client_free(client);
}

/* ---- exit() ---- */

/* Static, so that what exit() leaves behind is no leak. */
static httpc_client *kept;
static httpc_queue *kept_queue;

static void submit_for_ever(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    (void)code;
    httpc_response_free(response);
    httpc_error_free(error);
    httpc_request *request = new_request("GET", "/bytes/20000");
    httpc_submit(kept, request, submit_for_ever, userdata, NULL, NULL);
    httpc_request_free(request);
}

static int exit_during_calls(void *unused)
{
    (void)unused;
    kept = new_client(NULL);
    CHECK_CODE(httpc_queue_new(&kept_queue, NULL), HTTPC_OK);
    httpc_request *request = new_request("GET", "/delay/30000");
    for (int i = 0; i < 10; i++) {
        submit_for_ever(NULL, HTTPC_OK, NULL, NULL);
        CHECK_CODE(httpc_submit_to(kept, request, kept_queue, NULL, NULL, NULL), HTTPC_OK);
    }
    httpc_request_free(request);
    exit(check_failures == 0 ? EXIT_CODE : 1);
}

TEST(exit_is_prompt_while_the_engine_works_and_keeps_its_code)
{
    for (int i = 0; i < (UNDER_ASAN ? 3 : 10); i++) {
        double start = now_ms();
        CHECK_EQ(in_child(exit_during_calls, NULL), EXIT_CODE);
        CHECK_MS(now_ms() - start, 0, 5000);
    }
}

static void exit_inside(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    (void)userdata;
    httpc_response_free(response);
    httpc_error_free(error);
    exit(code == HTTPC_OK ? EXIT_CODE : 1);
}

static int exit_in_a_completion(void *unused)
{
    (void)unused;
    kept = new_client(NULL);
    httpc_call *call = submit(kept, new_request("GET", "/echo"), exit_inside, NULL);
    httpc_call_wait(call, HTTPC_FOREVER, NULL);
    return 1;
}

TEST(a_completion_function_may_call_exit)
{
    CHECK_EQ(in_child(exit_in_a_completion, NULL), EXIT_CODE);
}

static void free_at_exit(void)
{
    httpc_client_free(kept);
    kept = NULL;
    _exit(EXIT_CODE);
}

static int free_in_a_handler_during_calls(void *unused)
{
    atexit(free_at_exit);
    return exit_during_calls(unused);
}

static int free_in_a_handler_on_the_engine_thread(void *unused)
{
    atexit(free_at_exit);
    return exit_in_a_completion(unused);
}

TEST(an_atexit_handler_may_free_the_client)
{
    CHECK_EQ(in_child(free_in_a_handler_during_calls, NULL), EXIT_CODE);
    CHECK_EQ(in_child(free_in_a_handler_on_the_engine_thread, NULL), EXIT_CODE);
}
