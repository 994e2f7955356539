/*
 * After fork() with calls under way: they go on in the parent. What the child has of them is refused at once, never
 * waited for, and may be freed; what the child makes itself works.
 */
#include "async.h"

struct parents {
    httpc_client *client;
    httpc_queue *queue;
    httpc_call *running, *over;
};

static void check_forked(httpc_code code, httpc_error *error)
{
    CHECK_CODE(code, HTTPC_E_FORKED);
    CHECK_HAS(httpc_error_detail(error), "before fork()");
    httpc_error_free(error);
}

/* Whatever locks the parent's threads held. */
static void refuse_what_is_the_parents(struct parents *parents)
{
    httpc_error *error = NULL;
    httpc_event *event = NULL;
    httpc_response *response = NULL;
    httpc_call *calls[] = {parents->running, parents->over};
    for (int i = 0; i < 2; i++) {
        CHECK(httpc_call_is_over(calls[i]));
        httpc_call_cancel(calls[i]);
        httpc_code code = httpc_call_wait(calls[i], HTTPC_FOREVER, &error);
        check_forked(code, error);
        code = httpc_call_take_result(calls[i], &response, &error);
        check_forked(code, error);
        httpc_call_free(calls[i]);
    }
    CHECK_EQ(httpc_queue_fd(parents->queue), -1);
    CHECK_EQ(httpc_queue_length(parents->queue), 0);
    httpc_code code = httpc_queue_next(parents->queue, HTTPC_FOREVER, &event, &error);
    check_forked(code, error);
}

static int submit_in_child(void *argument)
{
    struct parents *parents = argument;
    httpc_error *error = NULL;
    refuse_what_is_the_parents(parents);
    httpc_request *request = new_request("GET", "/echo");
    httpc_code code = httpc_submit(parents->client, request, NULL, NULL, NULL, &error);
    check_forked(code, error);
    httpc_client *own = new_client(NULL);
    code = httpc_submit_to(own, request, parents->queue, NULL, NULL, &error);
    check_forked(code, error);
    CHECK_CODE(code_of(submit_and_wait(own, request)), HTTPC_OK);
    httpc_queue_free(parents->queue);
    httpc_client_free(parents->client);
    httpc_client_free(own);
    return check_failures;
}

TEST(calls_under_way_go_on_in_the_parent_only)
{
    const char *key = new_key();
    struct parents parents = {.client = new_client(NULL)};
    CHECK_CODE(httpc_queue_new(&parents.queue, NULL), HTTPC_OK);
    CHECK(httpc_queue_fd(parents.queue) >= 0);
    parents.over = submit(parents.client, new_request("GET", "/echo"), NULL, NULL);
    CHECK_CODE(httpc_call_wait(parents.over, HTTPC_FOREVER, NULL), HTTPC_OK);
    parents.running = submit(parents.client, new_request("GET", text("/gate?key=%s", key)), NULL, NULL);
    CHECK_COMES_TRUE(server_count(key) == 1);
    CHECK_EQ(in_child(submit_in_child, &parents), 0);
    CHECK(!httpc_call_is_over(parents.running));
    open_gate(key, 0);
    CHECK_CODE(code_of(result_of(parents.running)), HTTPC_OK);
    CHECK_CODE(code_of(result_of(parents.over)), HTTPC_OK);
    httpc_queue_free(parents.queue);
    httpc_client_free(parents.client);
}

/* An engine that is always at work: in the midst of an event, of a queue, of a call. */
TEST(a_program_may_fork_while_its_engine_works)
{
    if (UNDER_ASAN) {
        check_skip_this = "AddressSanitizer's allocator may be locked for ever in a child of a program with threads";
        return;
    }
    enum { CALLS = 32 };
    struct parents parents = {.client = new_client(NULL)};
    CHECK_CODE(httpc_queue_new(&parents.queue, NULL), HTTPC_OK);
    httpc_request *request = new_request("GET", "/status/200");
    for (int i = 0; i < 50; i++) {
        for (int n = 0; n < CALLS; n++) {
            CHECK_CODE(httpc_submit_to(parents.client, request, parents.queue, NULL, NULL, NULL), HTTPC_OK);
        }
        CHECK_CODE(httpc_submit(parents.client, request, NULL, NULL, &parents.running, NULL), HTTPC_OK);
        CHECK_CODE(httpc_submit(parents.client, request, NULL, NULL, &parents.over, NULL), HTTPC_OK);
        CHECK_EQ(in_child(submit_in_child, &parents), 0);
        CHECK_CODE(code_of(result_of(parents.running)), HTTPC_OK);
        CHECK_CODE(code_of(result_of(parents.over)), HTTPC_OK);
        for (int n = 0; n < CALLS; n++) {
            httpc_event *event = NULL;
            CHECK_CODE(httpc_queue_next(parents.queue, HTTPC_FOREVER, &event, NULL), HTTPC_OK);
            CHECK_CODE(httpc_event_code(event), HTTPC_OK);
            httpc_event_free(event);
        }
    }
    httpc_request_free(request);
    httpc_queue_free(parents.queue);
    httpc_client_free(parents.client);
}

static void note_descriptor(const char *name, void *before)
{
    ((bool *)before)[atoi(name) % 1024] = true;
}

static void check_closes_on_exec(const char *name, void *before)
{
    int descriptor = atoi(name);
    if (!((const bool *)before)[descriptor % 1024]) {
        int flags = fcntl(descriptor, F_GETFD);
        /* An older libcurl makes what it is woken by without that flag. */
        CHECK(flags == -1 || (flags & FD_CLOEXEC) != 0 || has_old_libcurl());
    }
}

TEST(no_descriptor_of_the_engine_is_inherited_by_a_started_program)
{
    bool before[1024] = {false};
    each_of_self("fd", note_descriptor, before);
    const char *key = new_key();
    httpc_client *client = new_client(NULL);
    httpc_queue *queue = NULL;
    CHECK_CODE(httpc_queue_new(&queue, NULL), HTTPC_OK);
    CHECK(httpc_queue_fd(queue) >= 0);
    httpc_call *call = submit(client, new_request("GET", text("/gate?key=%s", key)), NULL, NULL);
    CHECK_COMES_TRUE(server_count(key) == 1);
    each_of_self("fd", check_closes_on_exec, before);
    open_gate(key, 0);
    CHECK_CODE(code_of(result_of(call)), HTTPC_OK);
    httpc_queue_free(queue);
    httpc_client_free(client);
}

/* fork() in a completion function: the child has that thread alone, and must not go back into the library. */
static void fork_inside(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct parents parents = {.client = *(httpc_client **)userdata};
    httpc_call *own = NULL;
    CHECK_CODE(httpc_queue_new(&parents.queue, NULL), HTTPC_OK);
    httpc_request *request = new_request("GET", "/delay/30000");
    CHECK_CODE(httpc_submit(parents.client, request, NULL, NULL, &parents.running, NULL), HTTPC_OK);
    CHECK_CODE(httpc_submit(parents.client, request, NULL, NULL, &parents.over, NULL), HTTPC_OK);
    CHECK_CODE(httpc_submit(parents.client, request, NULL, NULL, &own, NULL), HTTPC_OK);
    httpc_request_free(request);
    CHECK_EQ(in_child(submit_in_child, &parents), 0);
    httpc_call_free(parents.running);
    httpc_call_free(parents.over);
    httpc_call_free(own);
    httpc_queue_free(parents.queue);
    httpc_response_free(response);
    httpc_error_free(error);
    CHECK_CODE(code, HTTPC_OK);
}

TEST(a_completion_function_may_fork)
{
    httpc_client *client = new_client(NULL);
    httpc_call *call = submit(client, new_request("GET", "/echo"), fork_inside, &client);
    CHECK_CODE(httpc_call_wait(call, HTTPC_FOREVER, NULL), HTTPC_OK);
    httpc_call_free(call);
    httpc_client_free(client);
}
