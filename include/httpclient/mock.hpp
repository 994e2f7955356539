/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_MOCK_HPP
#define HTTPCLIENT_MOCK_HPP

/**
 * @file
 * Part of httpclient.hpp: mocks for tests. docs/testing.md shows whole ones.
 */

#include "base.hpp"
#include "error.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace httpclient
{

/** Belongs to its mock. Setters can be chained; the mock keeps the first failure. */
class mock_rule
{
  public:
    explicit mock_rule(httpc_mock_rule *rule) noexcept : rule_(rule) {}

    /** `pattern` nullptr: there is no such header. */
    mock_rule &match_header(const text &name, const text &pattern) noexcept
    {
        httpc_mock_rule_match_header(rule_, name.c_str(), pattern.c_str());
        return *this;
    }
    mock_rule &match_body(std::string_view body) noexcept
    {
        httpc_mock_rule_match_body(rule_, body.data(), body.size());
        return *this;
    }
    mock_rule &match_json(const text &json) noexcept
    {
        httpc_mock_rule_match_json(rule_, json.c_str());
        return *this;
    }
    mock_rule &times(std::uint32_t count) noexcept
    {
        httpc_mock_rule_times(rule_, count);
        return *this;
    }
    mock_rule &reply(int status, std::string_view body = {}) noexcept
    {
        httpc_mock_rule_reply(rule_, status, body.data(), body.size());
        return *this;
    }
    mock_rule &reply_json(int status, const text &json) noexcept
    {
        httpc_mock_rule_reply_json(rule_, status, json.c_str());
        return *this;
    }
    mock_rule &reply_header(const text &name, const text &value) noexcept
    {
        httpc_mock_rule_reply_header(rule_, name.c_str(), value.c_str());
        return *this;
    }
    mock_rule &reply_delay(milliseconds time) noexcept
    {
        httpc_mock_rule_reply_delay(rule_, detail::option_ms(time));
        return *this;
    }
    mock_rule &reply_break(httpc_code code, std::size_t after) noexcept
    {
        httpc_mock_rule_reply_break(rule_, static_cast<std::int32_t>(code), after);
        return *this;
    }
    mock_rule &fail(httpc_code code) noexcept
    {
        httpc_mock_rule_fail(rule_, static_cast<std::int32_t>(code));
        return *this;
    }
    std::uint32_t answered() const noexcept { return httpc_mock_rule_answered(rule_); }

  private:
    httpc_mock_rule *rule_;
};

/** A request as a mock got it; lives as long as the mock. */
class mock_call
{
  public:
    explicit mock_call(const httpc_mock_call *call) noexcept : call_(call) {}

    std::string_view method() const noexcept { return view(httpc_mock_call_method(call_)); }
    std::string_view url() const noexcept { return view(httpc_mock_call_url(call_)); }
    /** Empty where there is none. */
    std::string_view header(const text &name) const noexcept
    {
        return view(httpc_mock_call_header(call_, name.c_str()));
    }
    std::string_view body() const noexcept
    {
        std::size_t length = 0;
        const void *bytes = httpc_mock_call_body(call_, &length);
        return {static_cast<const char *>(bytes), length};
    }

  private:
    static std::string_view view(const char *string) noexcept
    {
        return string == nullptr ? std::string_view() : std::string_view(string);
    }
    const httpc_mock_call *call_;
};

/** Rules that answer in place of servers, and what was asked. */
class mock : public detail::handle<httpc_mock, httpc_mock_free>
{
  public:
    using handle::handle;
    mock() noexcept : handle(detail::fresh(httpc_mock_new)) {}

    /** `method` nullptr: any. The mock keeps a failure. */
    mock_rule on(const text &method, const text &url) const noexcept
    {
        httpc_mock_rule *rule = nullptr;
        httpc_mock_on(native_handle(), method.c_str(), url.c_str(), &rule, nullptr);
        return mock_rule(rule);
    }
    result<void> try_add_har(const text &path, bool strict) const
    {
        return detail::run(httpc_mock_add_har, native_handle(), path.c_str(), static_cast<std::int32_t>(strict));
    }
    result<void> try_verify() const { return detail::run(httpc_mock_verify, native_handle()); }
    std::size_t calls() const noexcept { return httpc_mock_calls(native_handle()); }
    mock_call call_at(std::size_t index) const noexcept
    {
        return mock_call(httpc_mock_call_at(native_handle(), index));
    }
#if HTTPCLIENT_EXCEPTIONS
    void add_har(const text &path, bool strict) const { try_add_har(path, strict).value(); }
    void verify() const { try_verify().value(); }
#endif
};

} // namespace httpclient

#endif
