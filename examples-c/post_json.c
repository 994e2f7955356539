/*
 * POST JSON, read the answer's members by JSON pointer, and show the server's own words when it refuses the data. What is
 * not JSON never leaves the program.
 *
 * Usage: post_json URL REFUSED_URL
 */
#include <httpclient.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static httpc_code create(httpc_client *client, const char *json)
{
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    int64_t id = 0;

    printf("creating %s\n", json);
    httpc_code code = httpc_post_json(client, "items", json, &response, &error);
    if (code == HTTPC_OK) {
        /* A member that is missing, or is no integer, is an error too, and its detail says what stands there instead. */
        code = httpc_response_json_int64(response, "/id", &id, &error);
    }
    if (code == HTTPC_OK) {
        const char *name = httpc_response_json_string(response, "/name", NULL);
        printf("  %d at %s: id %" PRId64 ", name %s\n", (int)httpc_response_status(response),
               httpc_response_header(response, "Location"), id, name != NULL ? name : "(none)");
    } else if (code == HTTPC_E_STATUS) {
        printf("  %d: %s\n", (int)httpc_error_status(error), httpc_response_error_detail(httpc_error_response(error)));
    } else {
        printf("  %s: %s\n", httpc_code_name(code), httpc_error_detail(error));
    }
    httpc_response_free(response);
    httpc_error_free(error);
    return code;
}

int main(int argc, char **argv)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    char base_url[256];

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    snprintf(base_url, sizeof base_url, "%s/v1", argv[1]);
    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, base_url);
        httpc_config_set_bearer_token(config, "demo-token");
        httpc_client_new(config, &client, &error);
        httpc_config_free(config);
    }
    if (client == NULL) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        return EXIT_FAILURE;
    }

    create(client, "{\"name\": \"Lamp\", \"price\": 12.5}");
    create(client, "{\"price\": 12.5}");
    create(client, "{\"name\": \"Lamp\",}");

    httpc_client_free(client);
    return EXIT_SUCCESS;
}
