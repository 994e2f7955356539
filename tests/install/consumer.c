/* One real request: what every way of finding the library is tested with. */
#include <httpclient.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    httpc_client *client = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return 2;
    }
    if (httpc_client_new(NULL, &client, &error) != HTTPC_OK || httpc_get(client, argv[1], &response, &error) != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        httpc_client_free(client);
        return 1;
    }
    int32_t status = httpc_response_status(response);
    printf("%s: %d\n", httpc_version(), (int)status);
    httpc_response_free(response);
    httpc_client_free(client);
    return status == 200 ? 0 : 1;
}
