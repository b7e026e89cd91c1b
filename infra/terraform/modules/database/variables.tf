variable "name" {
  description = "Identifier of the database, and what the names of its things begin with."
  type        = string
}

variable "account_id" {
  description = "The account, 12 digits."
  type        = string
}

variable "region" {
  description = "Region of the database."
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

variable "size" {
  description = "Instance class, GiB at first and at most, days of backups kept by RDS."
  type = object({
    instance_class = string
    storage_gib    = number
    storage_limit  = number
    backup_days    = number
  })
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
