/*
 * The whole of it in one program: a client for an API, a GET with query parameters, a POST of JSON, an endpoint that is
 * busy at first, and the three ordinary failures: a refusal with a reason, an answer too late, and nobody there.
 *
 * Usage: quickstart URL REFUSED_URL
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

static const char *reason_of_pause(const httpc_attempt *attempt)
{
    switch (httpc_attempt_delay_source(attempt)) {
    case HTTPC_DELAY_RETRY_AFTER:
        return "the server asked for it";
    case HTTPC_DELAY_BACKOFF:
        return "backoff";
    default:
        return "no pause";
    }
}

/* Takes the outcome of a call, prints all there is to know of it, and frees it. */
static void report(const char *title, httpc_code code, httpc_response *response, httpc_error *error)
{
    printf("%s: %s\n", title, httpc_code_name(code));

    /* A failure for its status carries the whole response. */
    const httpc_response *answer = response != NULL ? response : httpc_error_response(error);
    if (answer != NULL) {
        printf("  status %d: %s\n", (int)httpc_response_status(answer),
               (const char *)httpc_response_body(answer, NULL));
    }

    const httpc_attempt *attempt;
    for (size_t i = 0;; i++) {
        attempt = response != NULL ? httpc_response_attempt(response, i) : httpc_error_attempt(error, i);
        if (attempt == NULL) {
            break;
        }
        printf("  attempt %zu", i + 1);
        if (i > 0) {
            printf(", after %llu ms (%s)", (unsigned long long)httpc_attempt_delay_ms(attempt),
                   reason_of_pause(attempt));
        }
        if (httpc_attempt_status(attempt) != 0) {
            printf(": %d\n", (int)httpc_attempt_status(attempt));
        } else {
            printf(": %s\n", httpc_code_name(httpc_attempt_code(attempt)));
        }
    }

    if (error != NULL) {
        printf("  detail: %s\n", httpc_error_detail(error));
    }
    httpc_response_free(response);
    httpc_error_free(error);
}

static void get_with_query(httpc_client *client)
{
    httpc_request *request = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    httpc_code code = httpc_request_new("GET", "items/42", &request, &error);
    if (code == HTTPC_OK) {
        httpc_request_add_query(request, "fields", "name");
        code = httpc_send(client, request, &response, &error);
    }
    httpc_request_free(request);
    report("GET an item", code, response, error);
}

static void get_with_deadline(httpc_client *client)
{
    httpc_request *request = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    httpc_code code = httpc_request_new("GET", "slow", &request, &error);
    if (code == HTTPC_OK) {
        httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 300);
        code = httpc_send(client, request, &response, &error);
    }
    httpc_request_free(request);
    report("GET with a deadline", code, response, error);
}

static httpc_code new_client(const char *server, httpc_client **client, httpc_error **error)
{
    httpc_config *config = NULL;
    httpc_retry_policy *retry = NULL;
    char base_url[256];
    snprintf(base_url, sizeof base_url, "%s/v1", server);

    httpc_code code = httpc_config_new(&config, error);
    if (code == HTTPC_OK) {
        code = httpc_retry_policy_new(&retry, error);
    }
    if (code == HTTPC_OK) {
        /* Setters need no check each: the config keeps the first failure, and httpc_client_new() reports it. */
        httpc_retry_policy_set_backoff(retry, 50, 2.0, 1000);
        httpc_config_set_base_url(config, base_url);
        httpc_config_set_bearer_token(config, "demo-token");
        httpc_config_set_retry(config, retry);
        code = httpc_client_new(config, client, error);
    }
    httpc_retry_policy_free(retry);
    httpc_config_free(config);
    return code;
}

int main(int argc, char **argv)
{
    httpc_client *client = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    httpc_code code;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (new_client(argv[1], &client, &error) != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        return EXIT_FAILURE;
    }

    get_with_query(client);

    code = httpc_post_json(client, "items", "{\"name\": \"Lamp\", \"price\": 12.5}", &response, &error);
    report("POST an item", code, response, error);

    code = httpc_get(client, "busy", &response, &error);
    report("GET from a busy server", code, response, error);

    code = httpc_get(client, "items/999", &response, &error);
    report("GET what is not there", code, response, error);

    get_with_deadline(client);

    code = httpc_get(client, argv[2], &response, &error);
    report("GET where nobody listens", code, response, error);

    httpc_client_free(client);
    return EXIT_SUCCESS;
}
