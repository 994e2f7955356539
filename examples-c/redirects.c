/*
 * Redirects: followed by default, with what was sent where in the history; as an ordinary response where the program
 * wants to look for itself.
 *
 * Usage: redirects URL REFUSED_URL
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

static void show(httpc_client *client, const httpc_request *request)
{
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    if (httpc_send(client, request, &response, &error) == HTTPC_OK) {
        for (size_t i = 0; i < httpc_response_attempts(response); i++) {
            const httpc_attempt *attempt = httpc_response_attempt(response, i);
            printf("  %s %s: %d\n", httpc_attempt_method(attempt), httpc_attempt_url(attempt),
                   (int)httpc_attempt_status(attempt));
        }
        const char *location = httpc_response_header(response, "Location");
        printf("  ended at %s%s%s\n", httpc_response_url(response), location != NULL ? ", which points to " : "",
               location != NULL ? location : "");
    } else {
        printf("  %s\n", httpc_error_detail(error));
    }
    httpc_response_free(response);
    httpc_error_free(error);
}

int main(int argc, char **argv)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_request *request = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    httpc_config_new(&config, NULL);
    httpc_config_set_base_url(config, argv[1]);
    httpc_code code = httpc_client_new(config, &client, NULL);
    httpc_config_free(config);
    if (code != HTTPC_OK) {
        return EXIT_FAILURE;
    }

    puts("a POST that is answered with \"see other\":");
    httpc_request_new("POST", "/redirect/303?to=/status/200", &request, NULL);
    httpc_request_set_json(request, "{\"name\":\"Lamp\"}");
    show(client, request);

    puts("the same, not followed:");
    httpc_request_set_redirect_post(request, 0);
    show(client, request);
    httpc_request_free(request);

    puts("a server that sends us in circles:");
    httpc_request_new("GET", "/redirect-loop", &request, NULL);
    httpc_request_set_max_redirects(request, 3);
    show(client, request);
    httpc_request_free(request);

    httpc_client_free(client);
    return EXIT_SUCCESS;
}
