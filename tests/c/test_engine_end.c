/*
 * Closing and freeing a client inside its own callbacks: nothing waits there, every call ends once, and the engine by
 * itself.
 */
#include "hold.h"
#include "inside.h"

static void close_and_wait(struct inside *inside)
{
    inside->code = httpc_client_close(inside->client, HTTPC_FOREVER, NULL);
    inside->second = httpc_client_close(inside->client, 0, NULL);
}

TEST(a_completion_function_closes_its_client_without_waiting)
{
    struct inside inside = INSIDE;
    act_while_others_run(&inside, close_and_wait, 1);
    CHECK_CODE(inside.code, HTTPC_E_WOULD_DEADLOCK);
    CHECK_CODE(inside.second, HTTPC_E_AGAIN);
    CHECK_CODE(httpc_client_close(inside.client, HTTPC_FOREVER, NULL), HTTPC_OK);
    end(&inside, HTTPC_E_CLOSED);
}

static void free_client(struct inside *inside)
{
    httpc_client_free(inside->client);
    inside->client = NULL;
    inside->code = httpc_call_wait(inside->other, 0, NULL);
}

TEST(a_completion_function_may_free_its_client_and_the_engine_ends_by_itself)
{
    unsigned threads = running_threads(), descriptors = open_descriptors();
    for (uint32_t engine_threads = 1; engine_threads <= 3; engine_threads++) {
        struct inside inside = INSIDE;
        act_while_others_run(&inside, free_client, engine_threads);
        CHECK(inside.code == HTTPC_E_AGAIN || engine_threads > 1);
        end(&inside, HTTPC_E_CLOSED);
        CHECK_COMES_TRUE(running_threads() == threads);
    }
    CHECK_COMES_TRUE(open_descriptors() == descriptors);
}

struct freeing {
    httpc_client *client;
    struct hold *held;
    struct completion own;
};

static void free_while_another_is_held(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct freeing *freeing = userdata;
    await_completion(&freeing->held->entered);
    httpc_client_free(freeing->client);
    let_go(freeing->held);
    completed(&freeing->own, code, response, error);
}

TEST(free_does_not_wait_for_another_engine_thread_either)
{
    struct hold held = HOLD;
    httpc_config *config = new_config();
    httpc_config_set_engine_threads(config, 2);
    struct freeing freeing = {new_client(config), &held, COMPLETION};
    httpc_call *first = submit(freeing.client, new_request("GET", "/echo"), hold, &held);
    httpc_call_free(submit(freeing.client, new_request("GET", "/echo"), free_while_another_is_held, &freeing));
    CHECK_CODE(httpc_call_wait(first, HTTPC_FOREVER, NULL), HTTPC_OK);
    await_completion(&freeing.own);
    httpc_call_free(first);
    done(&held.entered.outcome);
    done(&freeing.own.outcome);
}

static void free_at_first_line(void *userdata, httpc_log_level level, const char *line)
{
    struct freeing *freeing = userdata;
    (void)level;
    (void)line;
    httpc_client *client = freeing->client;
    freeing->client = NULL;
    if (client != NULL) {
        httpc_client_free(client);
        let_go(freeing->held);
    }
}

/* The call that blocks runs on this thread, the one that was submitted holds the engine. */
TEST(free_in_a_callback_of_a_blocking_call_does_not_wait_for_the_engine)
{
    struct hold held = HOLD;
    struct freeing freeing = {NULL, &held, COMPLETION};
    httpc_config *config = new_config();
    httpc_config_set_log(config, HTTPC_LOG_TRACE, free_at_first_line, &freeing, NULL);
    httpc_client *client = new_client(config);
    httpc_call *first = submit(client, new_request("GET", "/echo"), hold, &held);
    await_completion(&held.entered);
    freeing.client = client;
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_E_CLOSED);
    CHECK_CODE(httpc_call_wait(first, HTTPC_FOREVER, NULL), HTTPC_OK);
    httpc_call_free(first);
    done(&held.entered.outcome);
}
