/*
 * Read a response piece by piece, in constant memory: its status is known before its body is read, and the server waits for who
 * reads.
 *
 * Usage: stream_response URL REFUSED_URL
 */
#include <httpclient.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    char buffer[16384];
    size_t count = 0, total = 0;
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_request *request = NULL;
    httpc_stream *stream = NULL;
    httpc_error *error = NULL;
    if (argc < 2 || httpc_config_new(&config, NULL) != HTTPC_OK) {
        return 2;
    }
    httpc_config_set_base_url(config, argv[1]);
    httpc_code code = httpc_client_new(config, &client, &error);
    if (code == HTTPC_OK) {
        code = httpc_request_new("GET", "bytes/1000000", &request, &error);
    }
    if (code == HTTPC_OK) {
        code = httpc_open(client, request, &stream, &error);
    }
    if (code == HTTPC_OK) {
        printf("status %d\n", (int)httpc_response_status(httpc_stream_response(stream)));
        do {
            code = httpc_stream_read(stream, buffer, sizeof buffer, &count, &error);
            total += count;
        } while (count > 0);
    }
    if (code == HTTPC_OK) {
        printf("%zu bytes\n", total);
    } else {
        printf("%s: %s\n", httpc_code_name(code), httpc_error_detail(error));
    }
    httpc_error_free(error);
    httpc_stream_free(stream);
    httpc_request_free(request);
    httpc_client_free(client);
    httpc_config_free(config);
    return code != HTTPC_OK;
}
