variable "name" {
  description = "Name of the role."
  type        = string
}

variable "principals" {
  description = "ARNs of the roles that may take this one."
  type        = list(string)
}

variable "secret_arns" {
  description = "ARNs of the secrets it rotates."
  type        = list(string)
}

variable "key_arn" {
  description = "ARN of the key that encrypts them."
  type        = string
}

variable "cache_arn" {
  description = "ARN of the cache whose password it changes."
  type        = string
}
