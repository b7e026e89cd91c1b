variable "path" {
  description = "What the names of the secrets begin with, e.g. stellar-escrow/production."
  type        = string

  validation {
    condition     = can(regex("^stellar-escrow/[a-z]+$", var.path))
    error_message = "path is stellar-escrow/<environment>, as the guide writes it."
  }
}

variable "name" {
  description = "Name of the environment's things, e.g. stellar-escrow-dev."
  type        = string
}

variable "account_id" {
  description = "The account, 12 digits."
  type        = string
}

variable "region" {
  description = "Region of the secrets."
  type        = string
}

variable "secrets" {
  description = "Each secret by the last part of its path: what it is, the keys of its JSON value, the parts that read it, whether it is rotated."
  type = map(object({
    description = string
    keys        = list(string)
    readers     = list(string)
    rotates     = bool
  }))
}

variable "reader_arns" {
  description = "ARN of the role of each part that reads a secret."
  type        = map(string)
}

variable "rotation_arn" {
  description = "ARN of the role that rotation takes: the only one that writes values."
  type        = string
}

variable "terraform_role_arn" {
  description = "ARN of the role that applies this root; it hands the cache its password, and reads no other."
  type        = string
}

variable "key_administrators" {
  description = "ARNs of the roles that administer the key."
  type        = list(string)
}
