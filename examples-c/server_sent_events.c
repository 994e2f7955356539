/*
 * Events that a server sends as they happen (WHATWG HTML, section 9.2). When the stream ends, the library connects again and goes
 * on behind the last event; this server ends for good when all have come.
 *
 * Usage: server_sent_events URL
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

static int32_t on_event(void *userdata, const httpc_sse_event *event)
{
    unsigned *count = userdata;
    printf("%s %s: %s\n", httpc_sse_event_type(event, NULL), httpc_sse_event_id(event), httpc_sse_event_data(event, NULL));
    ++*count;
    return 0; /* anything else ends the call */
}

int main(int argc, char **argv)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_request *request = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    unsigned count = 0;

    if (argc < 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    httpc_config_new(&config, NULL);
    httpc_config_set_base_url(config, argv[1]);
    httpc_code code = httpc_client_new(config, &client, &error);
    httpc_config_free(config);
    if (code == HTTPC_OK) {
        code = httpc_request_new("GET", "/events?of=5&per=2&retry=20", &request, &error);
    }
    if (code == HTTPC_OK) {
        httpc_request_set_event_sink(request, on_event, &count, NULL);
        httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 0); /* as long as the server likes */
        code = httpc_send(client, request, &response, &error);
    }
    if (code == HTTPC_OK) {
        printf("%u events over %u connections\n", count, (unsigned)httpc_response_attempts(response) - 1);
    } else {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
    }
    httpc_error_free(error);
    httpc_response_free(response);
    httpc_request_free(request);
    httpc_client_free(client);
    return code == HTTPC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
