// Forms: their fields, and what is none.
#include "multipart.h"

#include <gtest/gtest.h>

#include "latentdial/error.h"

namespace latentdial::server {
namespace {

HttpRequest form(std::string body, std::string type = "multipart/form-data; boundary=abc") {
  HttpRequest request;
  request.headers.add("Content-Type", std::move(type));
  request.body = std::move(body);
  return request;
}

std::string field(const std::string& name, const std::string& content) {
  return "--abc\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n";
}

TEST(ReadForm, FindsItsFields) {
  const HttpRequest request = form(field("prompt", "a dog\r\n--ab") + field("n", "") +
                                   "--abc\r\ncontent-type: image/png\r\nContent-Disposition: form-data; "
                                   "filename=\"a;name=b.png\"; name=image\r\n\r\n\x89PNG\r\n--abc--\r\n");
  const auto parts = read_form(request);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].name, "prompt");
  EXPECT_EQ(parts[0].content, "a dog\r\n--ab");
  EXPECT_EQ(parts[1].content, "");
  EXPECT_EQ(parts[2].name, "image");
  EXPECT_EQ(parts[2].content, "\x89PNG");
}

TEST(ReadForm, TakesAFormWithoutFields) {
  EXPECT_TRUE(read_form(form("--abc--\r\n")).empty());
}

TEST(ReadForm, RefusesWhatDoesNotEndAsItShould) {
  for (const std::string& body :
       {std::string(), std::string("--abc"), std::string("--abcd\r\n"), field("a", "b"),
        field("a", "b") + "--ab--", std::string("--abc\r\n\r\n\r\n--abc--"),
        std::string("--abc\r\nno colon\r\n\r\n\r\n--abc--"),
        std::string("--abc\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--abc--"),
        "--abc\r\nX: " + std::string(9000, 'a') + "\r\n\r\n\r\n--abc--"})
    EXPECT_THROW(read_form(form(body)), Error) << body;
}

TEST(ReadForm, RefusesMoreFieldsThanItTakes) {
  std::string body;
  for (int i = 0; i < 64; ++i) body += field("a", "b");
  EXPECT_EQ(read_form(form(body + "--abc--")).size(), 64u);
  EXPECT_THROW(read_form(form(body + field("a", "b") + "--abc--")), Error);
}

TEST(ReadForm, RefusesOtherTypesAndBoundaries) {
  for (const std::string& type :
       {std::string(), std::string("application/json"), std::string("multipart/form-data"),
        std::string("multipart/form-data; boundary="),
        std::string("multipart/form-data; other; boundary=\"\""),
        "multipart/form-data; boundary=" + std::string(71, 'a')})
    EXPECT_THROW(read_form(form("--abc--", type)), Error) << type;
}

TEST(HeaderParameter, ReadsWhatIsQuoted) {
  EXPECT_EQ(header_parameter("a; b; c=\"1;2\"; d=\"\\\"e\\f\"", "c"), "1;2");
  EXPECT_EQ(header_parameter("a; b; c=\"1;2\"; d=\"\\\"e\\f\"", "D"), "\"e\\f");
  EXPECT_EQ(header_parameter("a; b=c", "a"), "");
  EXPECT_EQ(header_parameter("a=b", "a"), "");
}

}  // namespace
}  // namespace latentdial::server
