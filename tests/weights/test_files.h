#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "latentdial/error.h"
#include "temp_dir.h"
#include "tensor/tensor.h"

namespace latentdial::testing {

using namespace detail;

inline std::filesystem::path write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::filesystem::remove(
      path);  // Some file systems write a file to disk when it is cut to nothing and filled again.
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return path;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// A safetensors file of any header text, true or not.
inline std::string safetensors(const std::string& header, const std::string& data) {
  return bytes_of<std::uint64_t>({header.size()}) + header + data;
}

struct RawTensor {
  std::string dtype;
  Shape shape;
  std::string data;
};

inline RawTensor f32_tensor(Shape shape, const std::vector<float>& values) {
  return {"F32", std::move(shape), bytes_of(values)};
}

/// An honest safetensors file; `padding` spaces follow the header.
inline std::string safetensors(const std::map<std::string, RawTensor>& tensors, std::size_t padding = 0) {
  nlohmann::json header = nlohmann::json::object();
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    header[name] = {{"dtype", tensor.dtype},
                    {"shape", tensor.shape},
                    {"data_offsets", {data.size(), data.size() + tensor.data.size()}}};
    data += tensor.data;
  }
  return safetensors(header.dump() + std::string(padding, ' '), data);
}

/// The message of the invalid_input that `act` must throw: one line.
inline std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input) << error.what();
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  }
  ADD_FAILURE() << "was accepted";
  return "";
}

inline std::filesystem::path golden(std::string_view name) {
  return std::filesystem::path(LATENTDIAL_GOLDEN_DIR) / "weights" / name;
}

}  // namespace latentdial::testing
