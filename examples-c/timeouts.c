/*
 * Timeouts, of the client and of one request: silence (read), one attempt, everything (total). Each has its own code, and
 * an attempt that took too long is tried again while the total allows it.
 *
 * Usage: timeouts URL REFUSED_URL
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

static void get(httpc_client *client, const char *url, int32_t which, uint64_t ms)
{
    httpc_request *request = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    httpc_code code = httpc_request_new("GET", url, &request, &error);
    if (code == HTTPC_OK) {
        /* The others stay as the client has them. 0 would mean no limit. */
        httpc_request_set_timeout(request, which, ms);
        code = httpc_send(client, request, &response, &error);
    }
    if (code == HTTPC_OK) {
        printf("%s: status %d, attempts %u\n", url, (int)httpc_response_status(response),
               (unsigned)httpc_response_attempts(response));
    } else {
        printf("%s: %s, attempts %u%s\n", url, httpc_code_name(code), (unsigned)httpc_error_attempts(error),
               httpc_code_is_timeout(code) ? "" : " (no timeout)");
        printf("  %s\n", httpc_error_detail(error));
    }
    httpc_request_free(request);
    httpc_response_free(response);
    httpc_error_free(error);
}

int main(int argc, char **argv)
{
    httpc_config *config = NULL;
    httpc_retry_policy *retry = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (httpc_config_new(&config, &error) == HTTPC_OK && httpc_retry_policy_new(&retry, &error) == HTTPC_OK) {
        httpc_retry_policy_set_max_attempts(retry, 2);
        httpc_retry_policy_set_backoff(retry, 20, 2.0, 100);
        httpc_config_set_retry(config, retry);
        httpc_config_set_base_url(config, argv[1]);
        httpc_config_set_timeout(config, HTTPC_TIMEOUT_CONNECT, 2000);
        httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 10000);
        httpc_client_new(config, &client, &error);
    }
    httpc_retry_policy_free(retry);
    httpc_config_free(config);
    if (client == NULL) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        return EXIT_FAILURE;
    }

    /* The answer stops in the middle: twice silence for 200 ms, then the attempts are used up. */
    get(client, "/stall-body", HTTPC_TIMEOUT_READ, 200);

    /* A byte every 50 ms is no silence, but this body takes too long. */
    get(client, "/trickle?bytes=1000&interval=50", HTTPC_TIMEOUT_TOTAL, 300);

    /* The first attempt gets no answer; the second does. */
    get(client, "/sequence/stall,200", HTTPC_TIMEOUT_ATTEMPT, 300);

    httpc_client_free(client);
    return EXIT_SUCCESS;
}
