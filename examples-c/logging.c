/*
 * Logging: the library tells a function of the program's what it does, one line for each attempt. Without a line of code,
 * HTTPCLIENT_LOG=debug in the environment sends the same to stderr.
 *
 * Usage: logging URL REFUSED_URL
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

/* May be called by several threads at once; printf locks for itself. */
static void to_stdout(void *userdata, httpc_log_level level, const char *line)
{
    (void)userdata;
    printf("%s: %s\n", level == HTTPC_LOG_DEBUG ? "debug" : level == HTTPC_LOG_WARN ? "warn" : "error", line);
}

int main(int argc, char **argv)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    httpc_config_new(&config, NULL);
    httpc_config_set_base_url(config, argv[1]);
    httpc_config_set_bearer_token(config, "never-in-a-log");
    httpc_config_set_log(config, HTTPC_LOG_DEBUG, to_stdout, NULL, NULL);
    httpc_code code = httpc_client_new(config, &client, &error);
    httpc_config_free(config);
    if (code != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        return EXIT_FAILURE;
    }

    static const char *const paths[] = {"/status/200", "/sequence/503,200?key=logging", "/status/404"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        httpc_response *response = NULL;
        httpc_get(client, paths[i], &response, NULL); /* the log says how it went */
        httpc_response_free(response);
    }
    httpc_client_free(client);
    return EXIT_SUCCESS;
}
