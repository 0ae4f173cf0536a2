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

/// A text as GGUF has it.
inline std::string gguf_text(std::string_view text) {
  return bytes_of<std::uint64_t>({text.size()}) + std::string(text);
}

/// What a GGUF file says of a tensor: its extents as the file has them, innermost first, its type's number,
/// and where it begins.
inline std::string gguf_entry(std::string_view name, const std::vector<std::uint64_t>& extents,
                              std::uint32_t type, std::uint64_t offset) {
  return gguf_text(name) + bytes_of<std::uint32_t>({static_cast<std::uint32_t>(extents.size())}) +
         bytes_of(extents) + bytes_of<std::uint32_t>({type}) + bytes_of<std::uint64_t>({offset});
}

/// A GGUF file of any parts, true or not, with an alignment of 32.
inline std::string gguf(const std::vector<std::string>& facts, const std::vector<std::string>& entries,
                        const std::string& data, std::uint32_t version = 3) {
  std::string file =
      "GGUF" + bytes_of<std::uint32_t>({version}) + bytes_of<std::uint64_t>({entries.size(), facts.size()});
  for (const auto& fact : facts) file += fact;
  for (const auto& entry : entries) file += entry;
  file.resize((file.size() + 31) / 32 * 32);
  return file + data;
}

/// An honest one of F32 tensors.
inline std::string gguf(const std::map<std::string, RawTensor>& tensors) {
  std::vector<std::string> entries;
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    const std::vector<std::uint64_t> extents(tensor.shape.rbegin(), tensor.shape.rend());
    entries.push_back(gguf_entry(name, extents, 0, data.size()));
    data += tensor.data;
    data.resize((data.size() + 31) / 32 * 32);
  }
  return gguf({}, entries, data);
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
