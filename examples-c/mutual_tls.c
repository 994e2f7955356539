/*
 * TLS with an authority of one's own and a certificate for the client: what a service inside a company asks for. Bad
 * files are told when the client is made, and not by its first call.
 *
 * Usage: mutual_tls URL CA_FILE CLIENT_CERTIFICATE CLIENT_KEY
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

struct files {
    const char *url, *ca, *certificate, *key;
};

/* The config is freed; what it lacks is told by httpc_client_new(). */
static httpc_client *make_client(const struct files *files, const char *certificate, const char *key)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, files->url);
        /* Beside the system's, so that public servers can be called as well. */
        httpc_config_set_ca_file(config, files->ca);
        httpc_config_set_system_ca(config, 1);
        httpc_config_set_min_tls_version(config, HTTPC_TLS_1_3);
        if (certificate != NULL) {
            /* It is shown to the base URL's server only. The last argument opens an encrypted key. */
            httpc_config_set_client_certificate(config, certificate, key, NULL);
        }
        httpc_client_new(config, &client, &error);
    }
    if (error != NULL) {
        printf("  no client: %s (%s)\n", httpc_error_detail(error), httpc_code_name(httpc_error_code(error)));
    }
    httpc_error_free(error);
    httpc_config_free(config);
    return client;
}

/* The server answers with what it knows of the connection. Frees the client; NULL is fine. */
static void ask_and_free(httpc_client *client)
{
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    if (client == NULL) {
        return;
    }
    if (httpc_get(client, "/tls", &response, &error) == HTTPC_OK) {
        printf("  TLS 1.%d; the server knows us as \"%s\"\n", (int)httpc_response_tls_version(response) - 10,
               httpc_response_json_string(response, "/client", NULL));
    } else {
        printf("  %s: %s\n", httpc_code_name(httpc_error_code(error)), httpc_error_detail(error));
    }
    httpc_response_free(response);
    httpc_error_free(error);
    httpc_client_free(client);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s URL CA_FILE CLIENT_CERTIFICATE CLIENT_KEY\n", argv[0]);
        return EXIT_FAILURE;
    }
    const struct files files = {argv[1], argv[2], argv[3], argv[4]};

    puts("with a certificate:");
    ask_and_free(make_client(&files, files.certificate, files.key));
    puts("without one:");
    ask_and_free(make_client(&files, NULL, NULL));
    puts("with another file in place of the key:");
    ask_and_free(make_client(&files, files.certificate, files.ca));
    puts("with a file that is not there:");
    ask_and_free(make_client(&files, "no/such/file.pem", NULL));
    return EXIT_SUCCESS;
}
