/* A submitted call whose body source has nothing yet, until the program says that it has. */
#include "bodies.h"

/* What a program's other threads put in, for the engine thread to take out. */
struct pipe {
    pthread_mutex_t lock;
    pthread_cond_t paused;
    char bytes[64];
    size_t count;
    bool is_ended;
    unsigned pauses;
};

#define PIPE {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, false, 0}

static int64_t read_pipe(void *userdata, void *buffer, size_t size)
{
    struct pipe *p = userdata;
    pthread_mutex_lock(&p->lock);
    int64_t said = (int64_t)p->count;
    CHECK(size >= p->count);
    memcpy(buffer, p->bytes, p->count);
    p->count = 0;
    if (said == 0 && !p->is_ended) {
        said = HTTPC_READ_PAUSE;
        p->pauses++;
        pthread_cond_broadcast(&p->paused);
    }
    pthread_mutex_unlock(&p->lock);
    return said;
}

static void await_pause(struct pipe *p, unsigned pauses)
{
    pthread_mutex_lock(&p->lock);
    while (p->pauses < pauses) {
        pthread_cond_wait(&p->paused, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}

static void put(struct pipe *p, const char *bytes, bool is_end)
{
    pthread_mutex_lock(&p->lock);
    p->count = strlen(bytes);
    memcpy(p->bytes, bytes, p->count);
    p->is_ended = is_end;
    pthread_mutex_unlock(&p->lock);
}

static httpc_call *submit_from(httpc_client *client, const char *url, struct pipe *p, uint64_t length)
{
    httpc_request *request = new_request("POST", url);
    CHECK_CODE(httpc_request_set_body_source(request, NULL, read_pipe, NULL, length, p, NULL), HTTPC_OK);
    return submit(client, request, NULL, NULL);
}

static httpc_client *client_of(const char *listener, uint64_t timeout_ms)
{
    httpc_config *config = config_of(listener);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_WRITE, timeout_ms);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_READ, timeout_ms);
    return new_client(config);
}

static void check_resumes(const char *listener, uint64_t length)
{
    httpc_client *client = client_of(listener, 5000);
    struct pipe p = PIPE;
    httpc_call *call = submit_from(client, "/echo", &p, length);
    for (unsigned i = 1; i <= 5; i++) {
        await_pause(&p, i);
        put(&p, "piece", false);
        httpc_call_resume(call);
    }
    await_pause(&p, 6);
    put(&p, "end", true);
    httpc_call_resume(call);
    struct outcome o = result_of(call);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_json_string(o.response, "/body", NULL), "piecepiecepiecepiecepieceend");
    done(&o);
    httpc_client_free(client);
}

TEST(a_paused_source_is_asked_again_after_resume)
{
    for (size_t i = 0; i < listeners(); i++) {
        check_resumes(LISTENERS[i], HTTPC_UNSET);
        check_resumes(LISTENERS[i], 28);
    }
}

/* The program's pause is not the server's silence. */
static void check_outlasts(const char *listener)
{
    httpc_client *client = client_of(listener, 50);
    struct pipe p = PIPE;
    put(&p, "some", false);
    httpc_call *call = submit_from(client, "/echo", &p, HTTPC_UNSET);
    await_pause(&p, 1);
    wait_until_ms(now_ms() + 200);
    put(&p, "more", true);
    httpc_call_resume(call);
    struct outcome o = result_of(call);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_json_string(o.response, "/body", NULL), "somemore");
    done(&o);
    httpc_client_free(client);
}

TEST(a_pause_outlasts_read_and_write_timeouts)
{
    for (size_t i = 0; i < listeners(); i++) {
        check_outlasts(LISTENERS[i]);
    }
}

TEST(a_pause_ends_with_the_total_timeout)
{
    httpc_client *client = client_of("URL", 50);
    struct pipe p = PIPE;
    httpc_request *request = new_request("POST", "/echo");
    httpc_request_set_body_source(request, NULL, read_pipe, NULL, HTTPC_UNSET, &p, NULL);
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 150);
    struct outcome o = submit_and_wait(client, request);
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_TOTAL);
    CHECK_MS(o.ms, 150, 400);
    done(&o);
    httpc_client_free(client);
}

TEST(a_paused_call_can_be_cancelled)
{
    httpc_client *client = client_of("URL", 5000);
    struct pipe p = PIPE;
    httpc_call *call = submit_from(client, "/echo", &p, HTTPC_UNSET);
    await_pause(&p, 1);
    httpc_call_cancel(call);
    CHECK_CODE(code_of(result_of(call)), HTTPC_E_CANCELLED);
    httpc_client_free(client);
}

TEST(a_blocking_call_cannot_pause)
{
    for (size_t i = 0; i < listeners(); i++) {
        httpc_client *client = client_of(LISTENERS[i], 5000);
        struct pipe p = PIPE;
        httpc_request *request = new_request("POST", "/echo");
        httpc_request_set_body_source(request, NULL, read_pipe, NULL, HTTPC_UNSET, &p, NULL);
        struct outcome o = send_request(client, request);
        CHECK_CODE(o.code, HTTPC_E_ABORTED);
        CHECK_HAS(httpc_error_detail(o.error), "HTTPC_READ_PAUSE in a blocking call");
        done(&o);
        httpc_request_free(request);
        httpc_client_free(client);
    }
}

TEST(resuming_what_is_not_paused_changes_nothing)
{
    httpc_client *client = client_of("URL", 5000);
    httpc_call_resume(NULL);
    httpc_call *call = submit(client, new_request("GET", "/bytes/10"), NULL, NULL);
    httpc_call_resume(call);
    CHECK_CODE(httpc_call_wait(call, HTTPC_FOREVER, NULL), HTTPC_OK);
    httpc_call_resume(call);
    CHECK_CODE(code_of(result_of(call)), HTTPC_OK);
    httpc_client_free(client);
}
