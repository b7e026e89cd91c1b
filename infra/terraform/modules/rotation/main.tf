# The role `escrowctl rotate` takes: it writes the secrets' values and hands the cache a new password, and nothing else. PostgreSQL's
# password it changes in SQL, as the application's own user.

resource "aws_iam_role" "this" {
  name                 = var.name
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = var.principals }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "rotate"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "PutTestAndMoveStages"
        Effect = "Allow"
        Action = [
          "secretsmanager:DescribeSecret",
          "secretsmanager:GetSecretValue",
          "secretsmanager:ListSecretVersionIds",
          "secretsmanager:PutSecretValue",
          "secretsmanager:UpdateSecretVersionStage",
        ]
        Resource = var.secret_arns
      },
      {
        Sid      = "EncryptThem"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.key_arn
      },
      {
        Sid      = "CachePassword"
        Effect   = "Allow"
        Action   = ["elasticache:DescribeReplicationGroups", "elasticache:ModifyReplicationGroup"]
        Resource = var.cache_arn
      },
    ]
  })
}
