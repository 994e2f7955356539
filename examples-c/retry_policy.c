/*
 * A retry policy of one's own: which statuses and methods, how often, after which pauses; and the record of what happened.
 * Compare the last two calls: the default rules send a POST only once when it may have had its effect.
 *
 * Usage: retry_policy URL REFUSED_URL
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

static const char *stop_in_words(httpc_stop stop)
{
    switch (stop) {
    case HTTPC_STOP_NONE:
        return "tried again";
    case HTTPC_STOP_SUCCESS:
        return "success";
    case HTTPC_STOP_MAX_ATTEMPTS:
        return "no attempts left";
    case HTTPC_STOP_NOT_IDEMPOTENT:
        return "sending it again could repeat its effect";
    case HTTPC_STOP_NOT_RETRYABLE:
        return "no use in trying again";
    default:
        return "another reason";
    }
}

static void post(httpc_client *client, const char *url)
{
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    const httpc_attempt *attempt;

    httpc_code code = httpc_post_json(client, url, "{\"n\": 1}", &response, &error);
    printf("POST %s: %s\n", url, httpc_code_name(code));
    for (size_t i = 0;; i++) {
        attempt = response != NULL ? httpc_response_attempt(response, i) : httpc_error_attempt(error, i);
        if (attempt == NULL) {
            break;
        }
        printf("  waited %llu ms, got %d: %s\n", (unsigned long long)httpc_attempt_delay_ms(attempt),
               (int)httpc_attempt_status(attempt), stop_in_words(httpc_attempt_stop_reason(attempt)));
    }
    httpc_response_free(response);
    httpc_error_free(error);
}

/* NULL for the default rules. */
static httpc_client *new_client(const char *url, const httpc_retry_policy *policy)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, url);
        if (policy != NULL) {
            httpc_config_set_retry(config, policy);
        }
        httpc_client_new(config, &client, &error);
        httpc_config_free(config);
    }
    if (client == NULL) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        exit(EXIT_FAILURE);
    }
    return client;
}

static httpc_retry_policy *new_policy(void)
{
    static const int32_t statuses[] = {429, 503};
    static const char *const methods[] = {"GET", "POST"};
    httpc_retry_policy *policy = NULL;
    httpc_error *error = NULL;
    if (httpc_retry_policy_new(&policy, &error) != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        exit(EXIT_FAILURE);
    }
    httpc_retry_policy_set_statuses(policy, statuses, sizeof statuses / sizeof statuses[0]);
    httpc_retry_policy_set_methods(policy, methods, sizeof methods / sizeof methods[0]);
    httpc_retry_policy_set_max_attempts(policy, 4);
    /* 50, 100, 200 ms. Keep the default jitter where many clients might come back at once. */
    httpc_retry_policy_set_backoff(policy, 50, 2.0, 1000);
    httpc_retry_policy_set_jitter(policy, HTTPC_JITTER_NONE);
    return policy;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    httpc_retry_policy *policy = new_policy();
    httpc_client *own_rules = new_client(argv[1], policy);
    httpc_client *default_rules = new_client(argv[1], NULL);
    httpc_retry_policy_free(policy);

    post(own_rules, "/sequence/503,429,200?key=own");
    post(own_rules, "/sequence/503?key=never");
    post(own_rules, "/sequence/500,200?key=unlisted");
    post(own_rules, "/sequence/503,200?key=with");
    post(default_rules, "/sequence/503,200?key=without");

    httpc_client_free(own_rules);
    httpc_client_free(default_rules);
    return EXIT_SUCCESS;
}
