variable "name" {
  description = "Name of the environment's things, e.g. stellar-escrow-dev."
  type        = string
}

variable "account_id" {
  description = "The account, 12 digits."
  type        = string
}

variable "region" {
  description = "Region of the network."
  type        = string
}

variable "cidr" {
  description = "Addresses of the network, a /16."
  type        = string
}

variable "availability_zones" {
  description = "Zones that each kind of subnet stands in, at most six."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) <= 6
    error_message = "the /16 is cut for at most six zones."
  }
}

variable "bucket_arns" {
  description = "ARNs of the buckets that may be reached from the private subnets."
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
