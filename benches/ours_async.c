/* Many calls in flight with libhttpclient: their ends come to a function, or with the option "queue" to a queue. */
#include "flight.h"
#include <httpclient.h>
#include <pthread.h>

static httpc_client *client;
static httpc_request *request, *slow_request;
static httpc_queue *queue;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_over;

static void check(httpc_code code, const httpc_response *response, const httpc_error *error)
{
    size_t length = 0;
    if (code != HTTPC_OK) {
        fail(httpc_error_detail(error));
    }
    httpc_response_body(response, &length);
    if (httpc_response_status(response) != 200 || length != job.length) {
        fail("another body was expected");
    }
}

static void done(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    (void)userdata;
    check(code, response, error);
    httpc_response_free(response);
    if (finished()) {
        pthread_mutex_lock(&lock);
        is_over = true;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    }
}

static void start(void)
{
    httpc_config *config = NULL;
    httpc_error *error = NULL;
    httpc_config_new(&config, NULL);
    httpc_config_set_max_connections(config, (uint32_t)(job.connections + job.slow));
    httpc_config_set_max_connections_per_host(config, (uint32_t)(job.connections + job.slow));
    httpc_config_set_max_idle(config, (uint32_t)job.connections);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_POOL, 60000);
    if (job.ca[0] != 0) {
        httpc_config_set_ca_file(config, job.ca);
    }
    if (httpc_client_new(config, &client, &error) != HTTPC_OK ||
        httpc_request_new("GET", job.url, &request, &error) != HTTPC_OK ||
        httpc_request_new("GET", job.slow_url != NULL ? job.slow_url : job.url, &slow_request, &error) != HTTPC_OK) {
        fail(httpc_error_detail(error));
    }
    httpc_config_free(config);
    if (strcmp(job.option, "queue") == 0) {
        httpc_queue_new(&queue, NULL);
    }
}

static void launch(void)
{
    httpc_error *error = NULL;
    httpc_code code = queue != NULL ? httpc_submit_to(client, request, queue, NULL, NULL, &error)
                                    : httpc_submit(client, request, done, NULL, NULL, &error);
    if (code != HTTPC_OK) {
        fail(httpc_error_detail(error));
    }
}

static void unwanted(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    (void)userdata, (void)code, (void)response;
    fail(httpc_error_detail(error));
}

static void launch_slow(void)
{
    if (httpc_submit(client, slow_request, unwanted, NULL, NULL, NULL) != HTTPC_OK) {
        fail("a slow request was refused");
    }
}

static void wait_for_queue(void)
{
    httpc_event *events[64];
    size_t count = 0;
    while (httpc_queue_next_batch(queue, HTTPC_FOREVER, events, 64, &count, NULL) == HTTPC_OK) {
        bool last = false;
        for (size_t i = 0; i < count; i++) {
            check(httpc_event_code(events[i]), httpc_event_response(events[i]), httpc_event_error(events[i]));
            httpc_event_free(events[i]);
            last = finished();
        }
        if (last) {
            return;
        }
    }
}

static void wait_for_all(void)
{
    if (queue != NULL) {
        wait_for_queue();
        return;
    }
    pthread_mutex_lock(&lock);
    while (!is_over) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}
