# What differs between environments stands in environments/<environment>.tfvars. What is an account's own (account_id and the
# roles of people) is given beside it and is in no file of this tree: README.md, "What you give".

variable "environment" {
  description = "Which of the three this is. It stands in every name, and in the paths of the secrets."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "environment is dev, staging or production."
  }
}

variable "account_id" {
  description = "The AWS account this environment lives in, 12 digits. Nothing is applied to another one."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is 12 digits."
  }
}

variable "region" {
  description = "AWS region, e.g. us-east-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+-[0-9]$", var.region))
    error_message = "region is an AWS region such as us-east-1."
  }
}

variable "replica_region" {
  description = "AWS region that holds the second copy of the backups. Not the one of the first: a region's loss must not take both."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+-[0-9]$", var.replica_region)) && var.replica_region != var.region
    error_message = "replica_region is an AWS region, and another one than region."
  }
}

variable "availability_zones" {
  description = "Three zones of the region, e.g. us-east-1a: the database stands in two at once, nodes in all."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) == 3
    error_message = "availability_zones names three zones."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the network, a private /16 that no network it will ever be joined with has."
  type        = string

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 6, 63)) && can(regex("/16$", var.vpc_cidr))
    error_message = "vpc_cidr is a /16, e.g. 10.20.0.0/16."
  }
}

variable "namespace" {
  description = "The Kubernetes namespace whose service accounts may take the roles (K8S_NAMESPACE)."
  type        = string
  default     = "stellar-escrow"
}

variable "kubernetes_version" {
  description = "EKS version, e.g. 1.34. One step up at a time; EKS goes no step down."
  type        = string

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "kubernetes_version is a minor version such as 1.34."
  }
}

variable "nodes" {
  description = "The managed node group: instance types, and how many nodes at least, at first and at most."
  type = object({
    instance_types = list(string)
    minimum        = number
    desired        = number
    maximum        = number
  })

  validation {
    condition     = var.nodes.minimum >= 2 && var.nodes.minimum <= var.nodes.desired && var.nodes.desired <= var.nodes.maximum
    error_message = "nodes: 2 <= minimum <= desired <= maximum."
  }
}

variable "database" {
  description = "PostgreSQL: instance class, GiB at first and at most, days of backups kept by RDS itself."
  type = object({
    instance_class = string
    storage_gib    = number
    storage_limit  = number
    backup_days    = number
  })

  validation {
    condition     = var.database.backup_days >= 7 && var.database.backup_days <= 35
    error_message = "database.backup_days is 7 to 35, the most that RDS keeps."
  }
}

variable "cache_node_type" {
  description = "ElastiCache node type, e.g. cache.t4g.small."
  type        = string

  validation {
    condition     = startswith(var.cache_node_type, "cache.")
    error_message = "cache_node_type starts with cache."
  }
}

variable "backups" {
  description = "The bucket of encrypted backups: for how many days nobody can delete or change one, and after how many it expires."
  type = object({
    lock_mode   = string
    lock_days   = number
    expire_days = number
  })

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.backups.lock_mode)
    error_message = "backups.lock_mode is GOVERNANCE or COMPLIANCE."
  }

  validation {
    condition     = var.backups.lock_days >= 1 && var.backups.expire_days > var.backups.lock_days
    error_message = "backups: lock_days is at least 1, and expire_days is more than lock_days."
  }
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps logs, in days; one of the lengths that CloudWatch knows, a year or more."
  type        = number
  default     = 400

  validation {
    condition     = contains([365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "administrators" {
  description = "ARNs of the IAM roles that administer keys and the cluster. They can change a key's policy, never decrypt with it."
  type        = list(string)

  validation {
    condition     = length(var.administrators) > 0 && alltrue([for arn in var.administrators : can(regex("^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "administrators is a list of at least one IAM role ARN, without a wildcard."
  }
}

variable "terraform_role_arn" {
  description = "ARN of the IAM role that applies this root. Of the secrets' values it may read one, the cache's password, and keeps none."
  type        = string

  validation {
    condition     = can(regex("^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", var.terraform_role_arn))
    error_message = "terraform_role_arn is an IAM role ARN, without a wildcard."
  }
}

variable "rotation_principals" {
  description = "ARNs of the IAM roles that may take the rotation role: who runs `escrowctl rotate`."
  type        = list(string)

  validation {
    condition     = length(var.rotation_principals) > 0 && alltrue([for arn in var.rotation_principals : can(regex("^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "rotation_principals is a list of at least one IAM role ARN, without a wildcard."
  }
}

variable "secret_readers" {
  description = "ARNs of the IAM roles of people who may look into stellar-escrow-secrets in the cluster, and nothing else there (P3)."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.secret_readers : can(regex("^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "secret_readers is a list of IAM role ARNs, without a wildcard."
  }
}
