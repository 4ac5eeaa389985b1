"""Providers that need no address in ``detent.toml``: what their own documentation says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen


@frozen
class WellKnown:
    """What is documented of a provider.

    Attributes:
        base_url: where it is.
        key_env: the environment variable its documentation keeps the key in; None: it wants no key.
        aggregator: it sells many providers' models, so a spent quota condemns one model only.
        api: the format it speaks there.
    """

    base_url: str
    key_env: str | None = None
    aggregator: bool = False
    api: str = "openai"


WELL_KNOWN: Final[Mapping[str, WellKnown]] = {
    "anthropic": WellKnown("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", api="anthropic"),
    "cerebras": WellKnown("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "deepseek": WellKnown("https://api.deepseek.com", "DEEPSEEK_API_KEY"),
    "fireworks": WellKnown("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "gemini": WellKnown("https://generativelanguage.googleapis.com/v1beta", "GEMINI_API_KEY", api="gemini"),
    "groq": WellKnown("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "huggingface": WellKnown("https://router.huggingface.co/v1", "HF_TOKEN", aggregator=True),
    "llamacpp": WellKnown("http://localhost:8080/v1"),
    "lmstudio": WellKnown("http://localhost:1234/v1"),
    "mistral": WellKnown("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "moonshot": WellKnown("https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
    "nvidia": WellKnown("https://integrate.api.nvidia.com/v1", "NVIDIA_API_KEY"),
    "ollama": WellKnown("http://localhost:11434/v1"),
    "openai": WellKnown("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "openrouter": WellKnown("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", aggregator=True),
    "sambanova": WellKnown("https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"),
    "together": WellKnown("https://api.together.ai/v1", "TOGETHER_API_KEY"),
    "vllm": WellKnown("http://localhost:8000/v1"),
    "xai": WellKnown("https://api.x.ai/v1", "XAI_API_KEY"),
}
"""By the name that model references give them."""
