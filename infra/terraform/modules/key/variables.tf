variable "name" {
  description = "Alias of the key, without alias/."
  type        = string
}

variable "description" {
  description = "What the key is for, shown where keys are listed."
  type        = string
}

variable "account_id" {
  description = "The account, 12 digits."
  type        = string
}

variable "region" {
  description = "Region the key lives in."
  type        = string
}

variable "administrators" {
  description = "ARNs of the roles that may change the key's policy and its life, and cannot use it."
  type        = list(string)
}

variable "via_services" {
  description = "Services through which principals of the account may use the key, by the first part of their address, e.g. rds."
  type        = list(string)
  default     = []
}

variable "granted_services" {
  description = "Services that may be given a grant on the key, by the first part of their address, e.g. ec2."
  type        = list(string)
  default     = []
}

variable "statements" {
  description = "Further statements of the key's policy, in the words of IAM's JSON: services that call as themselves."
  type        = any
  default     = []
}
