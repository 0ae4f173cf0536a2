#pragma once

#include <map>
#include <string>
#include <vector>

#include "weights/test_files.h"

namespace latentdial::testing {

/// up · down of ones, which is as large as `value`, for a layer of the U-Net and one of the text encoder.
inline std::map<std::string, RawTensor> lora(float value) {
  const std::string unet = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k";
  const std::string text = "text_encoder.text_model.encoder.layers.0.self_attn.q_proj";
  const auto of = [](std::int64_t rows, std::int64_t columns, float each) {
    return f32_tensor({rows, columns}, std::vector<float>(static_cast<std::size_t>(rows * columns), each));
  };
  return {{unet + ".lora_A.weight", of(1, 192, 1)},
          {unet + ".lora_B.weight", of(128, 1, value)},
          {text + ".lora_A.weight", of(1, 192, 1)},
          {text + ".lora_B.weight", of(192, 1, value)}};
}

inline std::string lora_bytes(float value) {
  return testing::safetensors(lora(value));
}

}  // namespace latentdial::testing
