/* The same with libhttpclient: one client for all threads. */
#include "bench.h"
#include <httpclient.h>

static void *start(void)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    httpc_config_new(&config, NULL);
    if (job.ca[0] != 0) {
        httpc_config_set_ca_file(config, job.ca);
    }
    if (strcmp(job.option, "new-connections") == 0) {
        httpc_config_set_max_idle(config, 0);
    }
    if (httpc_client_new(config, &client, &error) != HTTPC_OK) {
        fail(httpc_error_detail(error));
    }
    httpc_config_free(config);
    return client;
}

static void *enter(void *shared)
{
    return shared;
}

static void request(void *of_thread)
{
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    if (httpc_get(of_thread, job.url, &response, &error) != HTTPC_OK) {
        fail(httpc_error_detail(error));
    }
    size_t length = 0;
    httpc_response_body(response, &length);
    if (httpc_response_status(response) != 200 || length != job.length) {
        fail("another body was expected");
    }
    httpc_response_free(response);
}

static void leave(void *of_thread)
{
    (void)of_thread;
}

static void stop(void *shared)
{
    httpc_client_free(shared);
}
