/*
 * All pages of a list, by the server's Link headers; then the first page again, which is fetched only if it has changed.
 *
 * Usage: pagination URL
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

static int failed(httpc_error *error)
{
    fprintf(stderr, "%s\n", httpc_error_detail(error));
    httpc_error_free(error);
    return EXIT_FAILURE;
}

static int all_pages(httpc_client *client)
{
    httpc_response *page = NULL;
    httpc_error *error = NULL;
    httpc_code code = httpc_get(client, "/pages/1?of=3", &page, &error);

    while (code == HTTPC_OK) {
        const char *next = httpc_response_link(page, "next");
        httpc_response *last = page;
        printf("%s\n", httpc_response_json_string(page, "/items/0", NULL));
        if (next == NULL) {
            httpc_response_free(last);
            return EXIT_SUCCESS;
        }
        code = httpc_get(client, next, &page, &error);
        httpc_response_free(last); /* it lends the link */
    }
    return failed(error);
}

static int only_if_changed(httpc_client *client)
{
    httpc_response *kept = NULL, *newer = NULL;
    httpc_request *request = NULL;
    httpc_error *error = NULL;

    if (httpc_get(client, "/versioned?etag=%22v1%22", &kept, &error) != HTTPC_OK) {
        return failed(error);
    }
    httpc_request_new("GET", "/versioned?etag=%22v1%22", &request, NULL);
    httpc_request_set_if_changed(request, kept);
    httpc_code code = httpc_send(client, request, &newer, &error);
    httpc_request_free(request);
    if (code != HTTPC_OK) {
        httpc_response_free(kept);
        return failed(error);
    }
    const httpc_response *current = httpc_response_status(newer) == 304 ? kept : newer;
    printf("answered with %d: %s\n", (int)httpc_response_status(newer), (const char *)httpc_response_body(current, NULL));
    httpc_response_free(newer);
    httpc_response_free(kept);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;

    if (argc < 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    httpc_config_new(&config, NULL);
    httpc_config_set_base_url(config, argv[1]);
    httpc_code code = httpc_client_new(config, &client, &error);
    httpc_config_free(config);
    if (code != HTTPC_OK) {
        return failed(error);
    }
    int status = all_pages(client);
    if (status == EXIT_SUCCESS) {
        status = only_if_changed(client);
    }
    httpc_client_free(client);
    return status;
}
