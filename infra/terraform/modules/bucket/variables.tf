variable "name" {
  description = "Name of the bucket, the only one of that name in the world."
  type        = string
}

variable "region" {
  description = "Region the bucket is in."
  type        = string
}

variable "key_arn" {
  description = "ARN of the key that encrypts objects; null for S3's own, where a service of AWS' that cannot use a key writes."
  type        = string
  default     = null
}

variable "lock_mode" {
  description = "GOVERNANCE or COMPLIANCE, when lock_days is more than 0."
  type        = string
  default     = "GOVERNANCE"
}

variable "lock_days" {
  description = "For how many days an object cannot be deleted or changed; 0 for no lock."
  type        = number
  default     = 0
}

variable "expire_days" {
  description = "After how many days objects, and old versions, are deleted."
  type        = number
}

variable "log_bucket" {
  description = "The bucket that access to this one is logged in; null for a bucket that holds such logs itself."
  type        = string
  default     = null
}

variable "statements" {
  description = "Further statements of the bucket's policy, in the words of IAM's JSON."
  type        = any
  default     = []
}
