"""Where the rules come from: the pages on which providers explain their errors."""

from __future__ import annotations

from typing import Final

ZAI_DOC: Final = "Z.ai API docs, Error Codes"
MINIMAX_DOC: Final = "MiniMax API docs, Error Codes"
DASHSCOPE_DOC: Final = "Alibaba Model Studio docs, Error messages"
BEDROCK_DOC: Final = "Amazon Bedrock user guide, Troubleshooting API error codes"
GOOGLE_DOC: Final = "Gemini API docs, Troubleshooting; google.rpc error_details.proto"
OPENAI_DOC: Final = "OpenAI docs, Error codes"
ANTHROPIC_DOC: Final = "Anthropic docs, Errors"
ARK_DOC: Final = "Volcengine Ark docs, error code table"
BAIDU_DOC: Final = "Baidu Qianfan docs, error codes"
TENCENT_DOC: Final = "Tencent Cloud Hunyuan API docs, error codes"
OPENROUTER_DOC: Final = "OpenRouter docs, Errors and Limits"
GROQ_DOC: Final = "Groq docs, Errors"
ONE_API: Final = "one-api and new-api sources, relay errors"
CF_AI_DOC: Final = "Cloudflare Workers AI docs, Errors"
COPILOT: Final = "GitHub Copilot chat client, error kinds"
LITELLM: Final = "LiteLLM docs, exception mapping"
SDKS: Final = "exception classes of the Python, Node and Go HTTP clients"
