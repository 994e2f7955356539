/*
 * Content codings: responses come compressed and are undone unless the program wants them as they are; a request's body is
 * compressed where the server is known to take that. Sizes tell what it saves.
 *
 * Usage: compression URL REFUSED_URL
 */
#include <httpclient.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show_failure(httpc_code code, httpc_error *error)
{
    printf("%s: %s\n", httpc_code_name(code), httpc_error_detail(error));
    httpc_error_free(error);
}

static void fetch(httpc_client *client, const char *url, int32_t decode)
{
    httpc_request *request = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;

    httpc_code code = httpc_request_new("GET", url, &request, &error);
    if (code == HTTPC_OK) {
        httpc_request_set_content_decoding(request, decode);
        code = httpc_send(client, request, &response, &error);
    }
    if (code == HTTPC_OK) {
        size_t length = 0;
        httpc_response_body(response, &length);
        printf("%s: %" PRIu64 " bytes came in %s, the body has %zu\n", decode ? "decoded" : "as it came",
               httpc_response_size(response, HTTPC_SIZE_BODY_RECEIVED),
               httpc_response_header(response, "Content-Encoding"), length);
    } else {
        show_failure(code, error);
    }
    httpc_response_free(response);
    httpc_request_free(request);
}

static void upload(httpc_client *client, const char *report)
{
    httpc_request *request = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;

    httpc_code code = httpc_request_new("POST", "echo", &request, &error);
    if (code == HTTPC_OK) {
        httpc_request_set_body(request, "text/plain", report, strlen(report));
        httpc_request_set_compression(request, HTTPC_COMPRESSION_ZSTD);
        code = httpc_send(client, request, &response, &error);
    }
    if (code == HTTPC_OK) {
        printf("uploaded: %zu bytes went out as %" PRIu64 " in %s\n", strlen(report),
               httpc_response_size(response, HTTPC_SIZE_BODY_SENT),
               httpc_response_json_string(response, "/headers/content-encoding/0", NULL));
    } else {
        show_failure(code, error);
    }
    httpc_response_free(response);
    httpc_request_free(request);
}

int main(int argc, char **argv)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    static char report[20001];

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, argv[1]);
        httpc_config_set_max_body(config, 1000000); /* decoded bytes: no small answer fills the memory */
        httpc_client_new(config, &client, &error);
        httpc_config_free(config);
    }
    if (client == NULL) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        return EXIT_FAILURE;
    }
    fetch(client, "encoded/gzip?bytes=100000", 1);
    fetch(client, "encoded/gzip?bytes=100000", 0);
    fetch(client, "bomb?gb=4", 1);
    fetch(client, "encoded/br?bytes=1000&fault=truncate", 1);
    memset(report, 'x', sizeof report - 1);
    upload(client, report);
    httpc_client_free(client);
    return EXIT_SUCCESS;
}
