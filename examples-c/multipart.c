/*
 * Send forms, as a browser does: fields alone, and fields with files. Files are read while they go out.
 *
 * Usage: multipart URL REFUSED_URL
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints what the server got; the boundary between parts is random. Takes the request. */
static void show(httpc_client *client, httpc_request *request)
{
    httpc_response *response = NULL;
    httpc_error *error = NULL;

    httpc_code code = httpc_send(client, request, &response, &error);
    if (code == HTTPC_OK) {
        printf("%s\n", httpc_response_json_string(response, "/headers/content-type/0", NULL));
        for (const char *at = httpc_response_json_string(response, "/body", NULL); at != NULL && *at != 0; at++) {
            if (*at != '\r') {
                putchar(*at);
            }
        }
        putchar('\n');
    } else {
        printf("%s: %s\n", httpc_code_name(code), httpc_error_detail(error));
    }
    httpc_request_free(request);
    httpc_response_free(response);
    httpc_error_free(error);
}

/* NULL when there is no memory; httpc_send() then says that it is NULL. */
static httpc_request *new_form(void)
{
    httpc_request *request = NULL;
    httpc_request_new("POST", "echo", &request, NULL);
    return request;
}

int main(int argc, char **argv)
{
    static const char path[] = "multipart.tmp";
    static const char csv[] = "a,b\n1,2\n";
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return EXIT_FAILURE;
    }
    fputs("what stands in the file", file);
    fclose(file);

    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, argv[1]);
        httpc_client_new(config, &client, &error);
        httpc_config_free(config);
    }
    if (client == NULL) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        return EXIT_FAILURE;
    }

    /* Fields alone: application/x-www-form-urlencoded. */
    httpc_request *form = new_form();
    httpc_request_add_form(form, "name", "A & B");
    httpc_request_add_form(form, "price", "12.5");
    show(client, form);

    /* With files: multipart/form-data. A setter that fails is reported by httpc_send(). */
    httpc_request *parts = new_form();
    httpc_request_add_part(parts, "title", "Two files");
    httpc_request_add_part_bytes(parts, "table", "table.csv", "text/csv", csv, strlen(csv));
    httpc_request_add_part_file(parts, "scan", path, "scan.txt", "text/plain");
    show(client, parts);

    httpc_request *missing = new_form();
    httpc_request_add_part_file(missing, "scan", "no-such-file", NULL, NULL);
    show(client, missing);

    httpc_client_free(client);
    remove(path);
    return EXIT_SUCCESS;
}
