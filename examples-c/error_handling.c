/*
 * What a program does about a failure: a switch over the codes it can act on, and what the error holds besides: the
 * server's answer, when to come back, and whether the server may have acted on the request.
 *
 * Usage: error_handling URL REFUSED_URL
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

static void act_on_status(const httpc_error *error)
{
    const httpc_response *answer = httpc_error_response(error);
    printf("  the server says: %s\n", httpc_response_error_detail(answer));
    printf("  in full: %s\n", (const char *)httpc_response_body(answer, NULL));
    if (httpc_error_retry_after_ms(error) != HTTPC_UNSET) {
        printf("  come back in %llu s\n", (unsigned long long)(httpc_error_retry_after_ms(error) + 999) / 1000);
    } else if (httpc_error_status(error) == 401) {
        printf("  ask for new credentials\n");
    } else {
        printf("  tell the user\n");
    }
}

static void act_on(const httpc_error *error)
{
    httpc_code code = httpc_error_code(error);
    switch (code) {
    case HTTPC_E_STATUS:
        act_on_status(error);
        break;
    case HTTPC_E_INVALID_ARG:
    case HTTPC_E_URL:
        printf("  a defect of this program: %s\n", httpc_error_detail(error));
        break;
    case HTTPC_E_DNS:
    case HTTPC_E_CONNECT:
        printf("  are we online? is the address right?\n");
        break;
    case HTTPC_E_CERTIFICATE:
        printf("  not the server it claims to be: stop here\n");
        break;
    default:
        printf("  %s, report: %s\n", httpc_code_is_timeout(code) ? "too slow" : "broken off", httpc_error_detail(error));
        break;
    }

    switch (httpc_error_send_state(error)) {
    case HTTPC_SENT_NEVER_SENT:
        printf("  nothing was sent: safe to do again\n");
        break;
    case HTTPC_SENT_MAYBE_SENT:
        printf("  the server may have acted on it: look before doing it again\n");
        break;
    default:
        printf("  the server answered\n");
        break;
    }
}

static void post(httpc_client *client, const char *what, const char *url)
{
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    httpc_code code = httpc_post_json(client, url, "{\"amount\": 5}", &response, &error);
    printf("%s: %s\n", what, httpc_code_name(code));
    if (code != HTTPC_OK) {
        act_on(error);
    }
    httpc_response_free(response);
    httpc_error_free(error);
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
    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, argv[1]);
        httpc_config_set_retry(config, NULL);
        httpc_client_new(config, &client, &error);
        httpc_config_free(config);
    }
    if (client == NULL) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        return EXIT_FAILURE;
    }

    post(client, "good", "/echo");
    post(client, "no credentials", "/bearer/secret");
    post(client, "come back later", "/retry-after/seconds-120?status=429");
    post(client, "broken off", "/close/before-head");
    post(client, "nobody there", argv[2]);
    post(client, "no such scheme", "gopher://example.com/");

    httpc_client_free(client);
    return EXIT_SUCCESS;
}
