/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_CONFIG_HPP
#define HTTPCLIENT_CONFIG_HPP

/**
 * @file
 * Part of httpclient.hpp: what a client is made with.
 */

#include "base.hpp"
#include "clock.hpp"
#include "error.hpp"
#include "mock.hpp"
#include "retry.hpp"

#include <cstdint>

namespace httpclient
{

/** Options for a client. Setters can be chained. */
class config : public detail::options<config, httpc_config, httpc_config_free>
{
  public:
    using options::options;
    config() noexcept : options(detail::fresh(httpc_config_new)) {}

    /** The first failure of a setter; false when there is none. Borrowed. */
    error_view error() const noexcept HTTPCLIENT_BORROWED { return error_view(httpc_config_error(native_handle())); }

    config &base_url(const text &url) noexcept { return set(httpc_config_set_base_url, url.c_str()); }
    config &bearer_token(const text &token) noexcept { return set(httpc_config_set_bearer_token, token.c_str()); }
    config &basic_auth(const text &user, const text &password) noexcept
    {
        return set(httpc_config_set_basic_auth, user.c_str(), password.c_str());
    }
    config &header(const text &name, const text &value) noexcept
    {
        return set(httpc_config_set_header, name.c_str(), value.c_str());
    }
    config &secret_header(const text &name, const text &value) noexcept
    {
        return set(httpc_config_set_secret_header, name.c_str(), value.c_str());
    }
    config &user_agent(const text &value) noexcept { return set(httpc_config_set_user_agent, value.c_str()); }
    config &timeout(httpc_timeout which, milliseconds time) noexcept
    {
        return set(httpc_config_set_timeout, static_cast<std::int32_t>(which), detail::option_ms(time));
    }
    config &max_connections(std::uint32_t connections) noexcept
    {
        return set(httpc_config_set_max_connections, connections);
    }
    config &max_connections_per_host(std::uint32_t connections) noexcept
    {
        return set(httpc_config_set_max_connections_per_host, connections);
    }
    config &max_idle(std::uint32_t connections) noexcept { return set(httpc_config_set_max_idle, connections); }
    config &idle_expiry(milliseconds time) noexcept
    {
        return set(httpc_config_set_idle_expiry, detail::option_ms(time));
    }
    config &retry(const retry_policy &policy) noexcept
    {
        return policy ? set(httpc_config_set_retry, policy.native_handle()) : header(detail::moved_from, "");
    }
    /** Turns retries off. */
    config &retry(std::nullptr_t) noexcept { return set(httpc_config_set_retry, nullptr); }
    config &add_rate_limiter(const rate_limiter &limiter) noexcept
    {
        return set(httpc_config_add_rate_limiter, limiter.native_handle());
    }
    config &status_errors(bool on) noexcept { return set(httpc_config_set_status_errors, on); }
    config &max_body(std::uint64_t bytes) noexcept { return set(httpc_config_set_max_body, bytes); }
    config &content_decoding(bool on) noexcept { return set(httpc_config_set_content_decoding, on); }
    config &max_headers(std::uint64_t bytes) noexcept { return set(httpc_config_set_max_headers, bytes); }
    config &max_redirects(std::uint32_t redirects) noexcept { return set(httpc_config_set_max_redirects, redirects); }
    config &redirect_post(bool on) noexcept { return set(httpc_config_set_redirect_post, on); }
    config &ca_file(const text &path) noexcept { return set(httpc_config_set_ca_file, path.c_str()); }
    config &ca_directory(const text &path) noexcept { return set(httpc_config_set_ca_directory, path.c_str()); }
    config &add_ca_pem(std::string_view pem) noexcept { return set(httpc_config_add_ca_pem, pem.data(), pem.size()); }
    config &system_ca(bool on) noexcept { return set(httpc_config_set_system_ca, on); }
    /** `key_file` nullptr: the key is in the same file. `password` nullptr: none. */
    config &client_certificate(const text &certificate_file, const text &key_file = nullptr,
                               const text &password = nullptr) noexcept
    {
        return set(httpc_config_set_client_certificate, certificate_file.c_str(), key_file.c_str(), password.c_str());
    }
    /** From memory. `key` empty: it is behind the certificates. */
    config &client_certificate_pem(std::string_view pem, std::string_view key = {},
                                   const text &password = nullptr) noexcept
    {
        const char *key_bytes = key.empty() ? nullptr : key.data();
        return set(httpc_config_set_client_certificate_pem, pem.data(), pem.size(), key_bytes, key.size(),
                   password.c_str());
    }
    config &client_pkcs12(const text &file, const text &password = nullptr) noexcept
    {
        return set(httpc_config_set_client_pkcs12, file.c_str(), password.c_str());
    }
    config &client_pkcs12_data(std::string_view data, const text &password = nullptr) noexcept
    {
        return set(httpc_config_set_client_pkcs12_data, data.data(), data.size(), password.c_str());
    }
    config &min_tls_version(httpc_tls_version version) noexcept
    {
        return set(httpc_config_set_min_tls_version, static_cast<std::int32_t>(version));
    }
    config &pinned_keys(const text &pins) noexcept { return set(httpc_config_set_pinned_keys, pins.c_str()); }
    config &dangerously_skip_certificate_verification(bool on) noexcept
    {
        return set(httpc_config_dangerously_skip_certificate_verification, on);
    }
    config &dangerously_skip_host_name_check(bool on) noexcept
    {
        return set(httpc_config_dangerously_skip_host_name_check, on);
    }
    config &keep_certificates(bool on) noexcept { return set(httpc_config_set_keep_certificates, on); }
    config &proxy(const text &url) noexcept { return set(httpc_config_set_proxy, url.c_str()); }
    config &add_resolve(const text &host, std::uint16_t port, const text &address) noexcept
    {
        return set(httpc_config_add_resolve, host.c_str(), port, address.c_str());
    }
    /**
     * `log` is called as void(httpc_log_level, std::string_view) on the threads of the calls, several at the same time.
     * It is moved to the heap and destroyed with the last client that has it. It must not throw (std::terminate).
     */
    template <class Log,
              std::enable_if_t<std::is_invocable_v<std::decay_t<Log> &, httpc_log_level, std::string_view>, int> = 0>
    config &log(httpc_log_level level, Log &&log)
    {
        using held = std::decay_t<Log>;
        const auto write = [](void *log_, httpc_log_level of, const char *line) noexcept {
            (*static_cast<held *>(log_))(of, std::string_view(line));
        };
        return set(httpc_config_set_log, static_cast<std::int32_t>(level), write, new held(std::forward<Log>(log)),
                   detail::drop<held>);
    }
    /** Turns logging off, the environment's too. */
    config &log(std::nullptr_t) noexcept
    {
        return set(httpc_config_set_log, static_cast<std::int32_t>(HTTPC_LOG_OFF), nullptr, nullptr, nullptr);
    }
    config &protocol(httpc_protocol which) noexcept
    {
        return set(httpc_config_set_protocol, static_cast<std::int32_t>(which));
    }
    config &engine_threads(std::uint32_t threads) noexcept { return set(httpc_config_set_engine_threads, threads); }
    config &seed(std::uint64_t value) noexcept { return set(httpc_config_set_seed, value); }
    config &mock(const httpclient::mock &answers) noexcept
    {
        return answers ? set(httpc_config_set_mock, answers.native_handle()) : header(detail::moved_from, "");
    }
    config &clock(const httpclient::clock &time) noexcept
    {
        return time ? set(httpc_config_set_clock, time.native_handle()) : header(detail::moved_from, "");
    }
    config &record(const text &path, bool secrets = false) noexcept
    {
        return set(httpc_config_set_record, path.c_str(), static_cast<std::int32_t>(secrets));
    }
};

} // namespace httpclient

#endif
