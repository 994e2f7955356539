/*
 * Query parameters and headers: the client's and the request's, plain text in, encoded on the wire; and the headers of
 * the answer.
 *
 * Usage: query_headers URL REFUSED_URL
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

static void print_json(const httpc_response *response, const char *label, const char *pointer)
{
    const char *text = httpc_response_json_string(response, pointer, NULL);
    printf("%-12s %s\n", label, text != NULL ? text : "(none)");
}

/* The server answers with what it received. */
static httpc_code ask(httpc_client *client, httpc_response **response, httpc_error **error)
{
    httpc_request *request = NULL;
    httpc_code code = httpc_request_new("GET", "/echo", &request, error);
    if (code != HTTPC_OK) {
        return code;
    }
    /* Plain text: the library percent-encodes it. A name may come several times. */
    httpc_request_add_query(request, "q", "salt & pepper");
    httpc_request_add_query(request, "tag", "café");
    httpc_request_add_query(request, "tag", "100%");
    /* set replaces, also what the client sends by default; add puts a second one beside it. */
    httpc_request_set_header(request, "Accept-Language", "de");
    httpc_request_add_header(request, "X-Trace", "one");
    httpc_request_add_header(request, "X-Trace", "two");
    code = httpc_send(client, request, response, error);
    httpc_request_free(request);
    return code;
}

int main(int argc, char **argv)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    int status = EXIT_FAILURE;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, argv[1]);
        httpc_config_set_user_agent(config, "query-headers/1.0");
        httpc_config_set_header(config, "Accept-Language", "en");
        httpc_config_set_header(config, "X-Team", "kitchen");
        /* Never logged, never in an error's detail, and sent to the base URL's origin only. */
        httpc_config_set_secret_header(config, "X-Api-Key", "k-123");
        httpc_client_new(config, &client, &error);
        httpc_config_free(config);
    }
    if (client != NULL && ask(client, &response, &error) == HTTPC_OK) {
        print_json(response, "query", "/query");
        print_json(response, "agent", "/headers/user-agent/0");
        print_json(response, "team", "/headers/x-team/0");
        print_json(response, "language", "/headers/accept-language/0");
        print_json(response, "trace", "/headers/x-trace/0");
        print_json(response, "", "/headers/x-trace/1");
        print_json(response, "key", "/headers/x-api-key/0");
        /* Letter case does not matter in a header's name. */
        printf("%-12s %s\n", "answered as", httpc_response_header(response, "content-TYPE"));
        status = EXIT_SUCCESS;
    } else {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
    }
    httpc_response_free(response);
    httpc_error_free(error);
    httpc_client_free(client);
    return status;
}
