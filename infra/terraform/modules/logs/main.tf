# The one key of all log groups. Each log group stands beside what writes to it.

module "key" {
  source = "../key"

  name           = "${var.name}-logs"
  description    = "CloudWatch log groups of ${var.name}"
  account_id     = var.account_id
  region         = var.region
  administrators = var.administrators

  statements = [{
    Sid       = "CloudWatchLogs"
    Effect    = "Allow"
    Principal = { Service = "logs.${var.region}.amazonaws.com" }
    Action = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]
    Resource = "*"
    # Only for the groups of this environment: their names are those that the modules give them.
    Condition = {
      ArnLike = {
        "kms:EncryptionContext:aws:logs:arn" = [
          "arn:aws:logs:${var.region}:${var.account_id}:log-group:/aws/eks/${var.name}/cluster",
          "arn:aws:logs:${var.region}:${var.account_id}:log-group:/aws/rds/instance/${var.name}/*",
          "arn:aws:logs:${var.region}:${var.account_id}:log-group:/stellar-escrow/${var.name}/*",
        ]
      }
    }
  }]
}
