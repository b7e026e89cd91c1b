variable "name" {
  description = "Identifier of the cache, and what the names of its things begin with."
  type        = string

  validation {
    condition     = length(var.name) <= 40
    error_message = "ElastiCache takes at most 40 characters."
  }
}

variable "account_id" {
  description = "The account, 12 digits."
  type        = string
}

variable "region" {
  description = "Region of the cache."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets without a way out, in at least two zones."
  type        = list(string)
}

variable "client_security_group_id" {
  description = "The security group of who may connect."
  type        = string
}

variable "node_type" {
  description = "ElastiCache node type, e.g. cache.t4g.small."
  type        = string
}

variable "password_secret_arn" {
  description = "ARN of the secret whose REDIS_PASSWORD the cache is made with."
  type        = string
}

variable "key_administrators" {
  description = "ARNs of the roles that administer the key."
  type        = list(string)
}

variable "log_key_arn" {
  description = "ARN of the key that encrypts log groups."
  type        = string
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
}
