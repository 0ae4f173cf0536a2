// Damaged files by the thousand: each must load or be refused with one line.

#include <gtest/gtest.h>

#include <random>

#include "files/json_file.h"
#include "weights/checkpoint.h"
#include "weights/checkpoint_file.h"
#include "weights/test_files.h"

namespace latentdial::detail {
namespace {

using testing::f32_tensor;
using testing::golden;
using testing::read_file;
using testing::safetensors;
using testing::TempDir;
using testing::write_file;

// The least that open_checkpoint takes for an SD 1 checkpoint; values do not matter.
std::string least_checkpoint() {
  std::map<std::string, testing::RawTensor> tensors;
  const auto add = [&](const std::string& name, const Shape& shape) {
    tensors[name] =
        f32_tensor(shape, std::vector<float>(static_cast<std::size_t>(element_count(shape)), 0.5F));
  };
  const std::string unet = "model.diffusion_model.";
  const std::string text = "cond_stage_model.transformer.text_model.";
  add(unet + "input_blocks.0.0.weight", {8, 4, 1, 1});
  add(unet + "input_blocks.1.0.in_layers.2.weight", {8, 8, 1, 1});
  add(unet + "middle_block.1.proj_in.weight", {8, 8, 1, 1});
  add(unet + "middle_block.1.transformer_blocks.0.attn2.to_k.weight", {8, 64});
  add(unet + "output_blocks.0.0.in_layers.2.weight", {8, 8});
  add(unet + "output_blocks.1.0.in_layers.2.weight", {8, 8});
  add(unet + "out.2.weight", {4, 8, 1, 1});
  add("first_stage_model.encoder.conv_in.weight", {8, 3, 1, 1});
  add("first_stage_model.encoder.down.0.block.0.conv1.weight", {8, 8});
  add("first_stage_model.decoder.conv_in.weight", {8, 4, 1, 1});
  add("first_stage_model.decoder.conv_out.weight", {3, 8, 1, 1});
  add(text + "embeddings.token_embedding.weight", {5, 64});
  add(text + "embeddings.position_embedding.weight", {2, 64});
  add(text + "encoder.layers.0.layer_norm1.weight", {64});
  add(text + "encoder.layers.0.mlp.fc1.weight", {3, 64});
  return safetensors(tensors);
}

class Damage {
 public:
  explicit Damage(std::uint32_t seed) : random_(seed) {}

  // One to eight bytes changed (mostly where the structure is: the first and last quarter), or bytes cut or
  // doubled.
  std::string operator()(std::string bytes) {
    switch (below(6)) {
      case 0:
        return bytes.substr(0, below(bytes.size()));
      case 1: {
        const auto at = below(bytes.size());
        return bytes.insert(at, bytes.substr(at, below(64)));
      }
      default:
        for (auto n = 1 + below(8); n > 0; --n) bytes[place(bytes.size())] = replacement();
        return bytes;
    }
  }

 private:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  std::size_t place(std::size_t size) {
    const auto quarter = std::max<std::size_t>(1, size / 4);
    const auto choice = below(3);
    return choice == 0 ? below(size) : choice == 1 ? below(quarter) : size - 1 - below(quarter);
  }
  char replacement() {
    constexpr std::string_view kTelling{"\0\xff\x7f\x80 09-{}[],:\"", 16};
    return below(2) == 0 ? static_cast<char>(below(256)) : kTelling[below(kTelling.size())];
  }

  std::mt19937 random_;
};

void load_everything(const Weights& weights) {
  for (const auto& name : weights.unused()) {
    if (weights.shape(name).size() <= 8) (void)weights.load(name, weights.shape(name));
  }
}

void open_all(const std::filesystem::path& path) {
  std::map<std::string, Tensor> opened;
  for (const auto& [name, tensor] : read_checkpoint_file(path).tensors) {
    if (tensor.dtype == DType::f32 || tensor.dtype == DType::f16)
      opened[name] = open_tensor("f", name, tensor);
  }
  load_everything(Weights("any", "f", opened));
}

// Runs `act` on `count` damaged forms of `original`; says how many were refused.
int survive(const std::string& original, int count, std::uint32_t seed,
            const std::function<void(const std::filesystem::path&)>& act) {
  const TempDir dir;
  const auto path = write_file(dir / "model.bin", original);
  act(path);
  Damage damage(seed);
  int refused = 0;
  for (int i = 0; i < count; ++i) {
    write_file(path, damage(original));
    try {
      act(path);
    } catch (const Error& error) {
      ++refused;
      EXPECT_EQ(error.code(), ErrorCode::invalid_input) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
  }
  return refused;
}

TEST(DamagedFiles, OfSafetensorsLoadOrAreRefused) {
  const auto bytes = safetensors({{"a", f32_tensor({2, 3}, {1, 2, 3, 4, 5, 6})},
                                  {"b.c", {"F16", {4}, "12345678"}},
                                  {"b.d", {"BF16", {0, 7}, ""}},
                                  {"e", f32_tensor({1}, {1})}},
                                 5);
  EXPECT_GT(survive(bytes, 2000, 1, open_all), 1000);
}

TEST(DamagedFiles, OfPyTorchLoadOrAreRefused) {
  EXPECT_GT(survive(read_file(golden("benign.ckpt")), 2000, 2, open_all), 500);
  EXPECT_GT(survive(read_file(golden("protocol4.ckpt")), 500, 3, open_all), 100);
  EXPECT_GT(survive(read_file(golden("old.ckpt")), 1000, 8, open_all), 300);
  EXPECT_GT(survive(read_file(golden("compressed.ckpt")), 2000, 4, open_all), 1000);
}

TEST(DamagedFiles, OfGgufLoadOrAreRefused) {
  const auto open = [](const std::filesystem::path& path) {
    std::map<std::string, Tensor> opened;
    for (const auto& [name, tensor] : read_checkpoint_file(path).tensors)
      opened[name] = open_tensor("f", name, tensor);
    load_everything(Weights("any", "f", opened));
  };
  EXPECT_GT(survive(read_file(golden("blocks.gguf")), 3000, 7, open), 1000);
}

TEST(DamagedFiles, OfWholeCheckpointsLoadOrAreRefused) {
  const auto open = [](const std::filesystem::path& path) {
    const auto checkpoint = open_checkpoint(path);
    for (const auto* part : {&checkpoint.text_encoder, &checkpoint.unet, &checkpoint.vae})
      load_everything(part->weights);
  };
  EXPECT_GT(survive(least_checkpoint(), 2000, 5, open), 500);
}

TEST(DamagedFiles, OfConfigurationsLoadOrAreRefused) {
  const auto text = read_file(golden("sd1_configs.json"));
  EXPECT_GT(survive(text, 2000, 6, [](const auto& path) { (void)read_json_object(path); }), 500);
}

}  // namespace
}  // namespace latentdial::detail
